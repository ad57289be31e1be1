"""The load: wrk with a script that makes bodies, and what it saw."""

import re
import subprocess
import tempfile
from dataclasses import dataclass

SCRIPT = r"""
local batch, keys, tag = %(batch)d, %(keys)d, "%(tag)s"
local number, threads = 0, 0
function setup(thread) thread:set("id", threads); threads = threads + 1 end
function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  if "%(key)s" ~= "" then wrk.headers["Authorization"] = "Bearer %(key)s" end
end
%(alert)s
local function next_alert()
  number = number + 1
  local n = keys > 0 and (number * 7919 %% keys) or number
  return alert(tag .. (keys > 0 and "" or id .. "-") .. n, n)
end
function request()
  if batch == 1 then
    return wrk.format(nil, "%(path)s", nil, "%(open)s" .. next_alert() .. "%(close)s")
  end
  local all = {}
  for i = 1, batch do all[i] = next_alert() end
  return wrk.format(nil, "%(path)s", nil, "[" .. table.concat(all, ",") .. "]")
end
"""
# One alert of each contract, of about the same size and meaning.
NATIVE = r"""
local function alert(key, n)
  return '{"name":"DiskFull","dedup_key":"' .. key .. '","severity":"warning","status":"firing",' ..
    '"summary":"The disk of host-' .. n .. ' is 91 percent full","service":"billing-' .. n % 20 ..
    '","environment":"production","resource":"host-' .. n .. '","labels":{"cluster":"eu-1",' ..
    '"device":"/dev/nvme0n1","mountpoint":"/var/lib/postgresql","team":"storage","zone":"b"}}'
end
"""
ALERTA = r"""
local function alert(key, n)
  return '{"event":"DiskFull ' .. key .. '","resource":"host-' .. n .. '","severity":"warning",' ..
    '"environment":"Production","service":["billing-' .. n % 20 .. '"],"text":"The disk of host-' ..
    n .. ' is 91 percent full","attributes":{"cluster":"eu-1","device":"/dev/nvme0n1",' ..
    '"mountpoint":"/var/lib/postgresql","team":"storage","zone":"b"}}'
end
"""
ALERTMANAGER = r"""
local function alert(key, n)
  return '{"labels":{"alertname":"DiskFull","key":"' .. key .. '","severity":"warning",' ..
    '"service":"billing-' .. n % 20 .. '","environment":"production","instance":"host-' .. n ..
    '","cluster":"eu-1","device":"/dev/nvme0n1","mountpoint":"/var/lib/postgresql",' ..
    '"team":"storage","zone":"b"},"annotations":{"summary":"The disk of host-' .. n ..
    ' is 91 percent full"},"endsAt":"2099-01-01T00:00:00Z"}'
end
"""
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Target:
    """Whom the load goes to, and in which words."""

    url: str
    path: str
    alert: str = NATIVE
    key: str = ""
    brackets: bool = False  # a single alert goes as an array of one
    arrays: bool = True  # whether it takes more


@dataclass(frozen=True)
class Seen:
    """What wrk printed."""

    alerts: int
    seconds: float
    p50: float
    p99: float
    errors: int


def run_load(target, *, batch, keys, tag, connections, seconds):
    """Post for so many seconds; `keys` 0 makes every alert a new one."""
    fill = {
        "batch": batch, "keys": keys, "tag": tag, "key": target.key, "path": target.path,
        "alert": target.alert, "open": "[" * target.brackets, "close": "]" * target.brackets,
    }  # fmt: skip
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT % fill)
        script.flush()
        done = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency",
             "-s", script.name, target.url + target.path],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    text = done.stdout
    posts, took = re.search(r"(\d+) requests in ([\d.]+)(?:s|m)", text).groups()
    errors = sum(
        map(int, re.findall(r"(?:Non-2xx[^:]*: |connect |read |write |timeout )(\d+)", text))
    )
    return Seen(
        alerts=(int(posts) - errors) * batch,
        seconds=float(took),
        p50=_latency(text, "50%"),
        p99=_latency(text, "99%"),
        errors=errors,
    )


def _latency(text, share):
    found = re.search(rf"{share}\s+([\d.]+)(us|ms|s|m)", text)
    return float(found[1]) * _UNITS[found[2]] if found else float("nan")
