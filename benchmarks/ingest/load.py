"""The load: wrk with a script that makes bodies, and what it saw."""

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

SCRIPT = r"""
local batch, keys, tag = %(batch)d, %(keys)d, "%(tag)s"
local number, thread_number = 0, 0
local threads = 0
function setup(thread) thread:set("id", threads); threads = threads + 1 end
function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer %(key)s"
end
local function alert()
  number = number + 1
  local n = keys > 0 and (number * 7919 %% keys) or number
  local key = tag .. (keys > 0 and "" or id .. "-") .. n
  return '{"name":"DiskFull","dedup_key":"' .. key .. '","severity":"warning","status":"firing",' ..
    '"summary":"The disk of host-' .. n .. ' is 91 percent full","service":"billing-' .. n %% 20 ..
    '","environment":"production","resource":"host-' .. n .. '","labels":{"cluster":"eu-1",' ..
    '"device":"/dev/nvme0n1","mountpoint":"/var/lib/postgresql","team":"storage","zone":"b"}}'
end
function request()
  if batch == 1 then return wrk.format(nil, "%(path)s", nil, alert()) end
  local all = {}
  for i = 1, batch do all[i] = alert() end
  return wrk.format(nil, "%(path)s", nil, "[" .. table.concat(all, ",") .. "]")
end
"""
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Seen:
    """What wrk printed."""

    alerts: int
    seconds: float
    p50: float
    p99: float
    errors: int


def run_load(url, path, key, *, batch, keys, tag, connections, seconds):
    """Post for so many seconds; `keys` 0 makes every alert a new one."""
    fill = {"batch": batch, "keys": keys, "tag": tag, "key": key, "path": path}
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT % fill)
        script.flush()
        done = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency",
             "-s", script.name, url + path],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    text = done.stdout
    posts, took = re.search(r"(\d+) requests in ([\d.]+)s", text).groups()
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
    number, unit = re.search(rf"{share}\s+([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * _UNITS[unit]


def cpu_seconds(pids):
    """CPU that these processes and all their descendants have used."""
    parents, used = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        pid = int(stat.parent.name)
        parents[pid], used[pid] = int(fields[1]), (int(fields[11]) + int(fields[12])) / 100
    mine = set(pids)
    while more := {pid for pid, parent in parents.items() if parent in mine} - mine:
        mine |= more
    return sum(used.get(pid, 0) for pid in mine)
