"""Files and keystores as a source of certificates."""

import os
import shutil
from collections.abc import Callable, Sequence
from errno import EACCES
from pathlib import Path
from typing import Any

import pytest

from certs.models import Placement, Source, SourceRun, SourceTrouble
from certs.normalise import Found, FoundCertificate, FoundTrouble
from certs.sources import Ask, SourceError, source_kind
from certs.sources.files import CertificateFiles
from tests.certs.pki import NOW, Issued, intermediate, issue, later
from tests.certs.shelf import run
from tests.certs.x509.forge import FILES


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    root = tmp_path / "tls"
    root.mkdir()
    settings.CERTS_FILES = [str(root)]
    return root


@pytest.fixture(scope="module")
def leaf() -> Issued:
    return intermediate().issue("a.test")


def look(*paths: object, passwords: Sequence[str] = ()) -> list[Found]:
    options = {"paths": [str(path) for path in paths]}
    return list(CertificateFiles().look(Ask(options, {"passwords": list(passwords)}, NOW)))


def places(found: list[Found]) -> list[tuple[str, str]]:
    return [
        (each.locator, each.parsed.common_name)
        for each in found
        if isinstance(each, FoundCertificate)
    ]


def troubles(found: list[Found]) -> dict[str, str]:
    return {each.locator: each.message for each in found if isinstance(each, FoundTrouble)}


def test_every_file_is_read_by_what_is_in_it(folder, leaf):
    for file in FILES.iterdir():
        shutil.copy(file, folder / f"{file.name}.dat")
    (folder / "readme.dat").write_text("certificates\n")
    leaf.write(folder)
    found = look(folder / "*.dat", folder / "server.*", passwords=["wrong", "secret1"])
    assert troubles(found) == {}
    by_file = {Path(locator).name for locator, _ in places(found)}
    assert "java.jks.dat#server" in by_file
    assert "aes.p12.dat#server" in by_file
    assert "bundle.p7b.dat" in by_file
    keyed = [each for each in found if isinstance(each, FoundCertificate) and each.has_key]
    assert {Path(each.locator).name for each in keyed} >= {
        "aes.p12.dat#server",
        "java.jks.dat#server",
    }
    chain = [each for each in found if isinstance(each, FoundCertificate)][-2:]
    assert [(Path(each.locator).name, each.position) for each in chain] == [
        ("server.pem", 0), ("server.pem", 1),
    ]  # fmt: skip


def test_a_wrong_password_is_told_of_that_file_alone(folder, leaf):
    shutil.copy(FILES / "aes.p12", folder / "a.p12")
    (folder / "b.pem").write_bytes(leaf.pem)
    found = look(folder, passwords=["wrong"])
    assert places(found) == [(str(folder / "b.pem"), "a.test")]
    assert troubles(found) == {
        str(
            folder / "a.p12"
        ): "None of the passwords given opens the PKCS#12 file, or it is damaged."
    }


def test_patterns(folder, leaf):
    for place in ("a.pem", "x/b.pem", "x/y/c.pem", "x/y/d.crt", ".hidden/e.pem", "x/.f.pem"):
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(leaf.pem)

    def names(*patterns: str) -> list[str]:
        found = places(look(*(folder / pattern for pattern in patterns)))
        return [str(Path(locator).relative_to(folder)) for locator, _ in found]

    assert names("*.pem") == ["a.pem"]
    assert names("**/*.pem") == ["a.pem", "x/b.pem", "x/y/c.pem"]
    assert names("**") == ["a.pem", "x/b.pem", "x/y/c.pem", "x/y/d.crt"]
    assert names("x/*/[cd].*") == ["x/y/c.pem", "x/y/d.crt"]
    assert names("**/y/*.pem", "x/y") == ["x/y/c.pem", "x/y/d.crt"]
    assert names(".hidden/*", "x/.f*") == [".hidden/e.pem", "x/.f.pem"]
    assert names("a.pem", "absent.pem", "?.pem") == ["a.pem"]


def test_nothing_outside_is_read(folder, leaf, settings):
    outside = folder.parent / "outside"
    outside.mkdir()
    (outside / "secret.pem").write_bytes(leaf.pem)
    (folder / "direct.pem").symlink_to(outside / "secret.pem")
    (folder / "dir").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    (folder / "gone.pem").symlink_to(folder / "nowhere")
    found = look(folder / "**" / "*.pem")
    assert places(found) == []
    assert set(troubles(found)) == {str(folder / "direct.pem"), str(folder / "dir")}
    for path in (outside / "secret.pem", folder / ".." / "outside" / "*", "tls/*.pem", "/etc/*"):
        with pytest.raises(SourceError, match=r"may be read|begins with|no \.\."):
            look(path)
    with pytest.raises(SourceError, match="leads out of what may be read"):
        look(folder / "dir" / "secret.pem")
    settings.CERTS_FILES = []
    with pytest.raises(SourceError, match="the operator has named no directory"):
        look(folder / "*.pem")


def test_links_inside_are_followed_as_volumes_have_them(folder, leaf):
    real = folder / "..2026_03_02"
    real.mkdir()
    (real / "tls.crt").write_bytes(leaf.pem)
    (folder / "..data").symlink_to(real.name)
    (folder / "tls.crt").symlink_to("..data/tls.crt")
    assert places(look(folder / "**")) == [(str(folder / "tls.crt"), "a.test")]


def test_what_cannot_be_looked_into_is_no_empty_place(folder, leaf):
    (folder / "a.pem").write_bytes(leaf.pem)
    options = {"paths": [str(folder / "away" / "*.pem"), str(folder / "a.pem")]}
    looking = CertificateFiles().look(Ask(options, {}, NOW))
    assert places([next(looking)]) == [(str(folder / "a.pem"), "a.test")]
    with pytest.raises(SourceError, match="away/: cannot be listed: No such file"):
        next(looking)


def test_files_and_directories_without_permission(folder, leaf, monkeypatch):
    for name in ("a.pem", "b.pem", "private/c.pem"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(leaf.pem)

    def refusing(deed: Callable[..., Any]) -> Callable[..., Any]:
        def refuse(path: str, *more: Any) -> Any:
            if path.endswith(("b.pem", "private")):
                raise PermissionError(EACCES, "Permission denied")
            return deed(path, *more)

        return refuse

    # Whoever runs the tests may be root, who may read everything.
    monkeypatch.setattr("certs.sources.files.os.open", refusing(os.open))
    monkeypatch.setattr("certs.sources.paths.os.scandir", refusing(os.scandir))
    found = look(folder / "**")
    assert places(found) == [(str(folder / "a.pem"), "a.test")]
    assert troubles(found) == {
        str(folder / "b.pem"): "cannot be read: Permission denied",
        f"{folder / 'private'}/": "cannot be listed: Permission denied",
    }


def test_what_is_no_file_and_what_is_too_large(folder, leaf):
    os.mkfifo(folder / "pipe.pem")
    with (folder / "large.pem").open("wb") as large:
        large.truncate(20_000_000)
    (folder / "key.pem").write_bytes(leaf.key_pem)
    assert look(folder / "*.pem") == []
    named = troubles(look(*(folder / name for name in ("pipe.pem", "large.pem", "key.pem"))))
    assert list(named.values()) == [
        "is no regular file",
        "has 20000000 bytes, 16777216 may be",
        "A private key without a certificate; it is not kept.",
    ]


def test_names_that_are_no_text(folder, leaf):
    path = os.fsencode(str(folder)) + b"/b\xfc\n.pem"
    with open(path, "wb") as made:  # noqa: PTH123
        made.write(leaf.pem)
    assert places(look(folder / "*.pem")) == [(f"{folder}/b\\udcfc\\x0a.pem", "a.test")]


def test_options_are_checked(folder, settings):
    kind = CertificateFiles()
    assert kind.check({"paths": [str(folder / "*.pem")]}, {}) == []
    wrong = kind.check({"paths": ["/etc/shadow", "relative", f"{folder}/../x", "/a\0"]}, {})
    assert [each.field for each in wrong] == ["paths"] * 4
    assert "/etc/shadow: only files below" in wrong[0].message
    assert kind.check({"paths": ["/x"] * 201}, {})[0].message == "has more than 200 lines"
    assert isinstance(source_kind("files"), CertificateFiles)


@pytest.mark.django_db(transaction=True)
def test_a_renewed_file_and_a_keystore_whose_password_changed(folder: Path) -> None:
    shutil.copy(FILES / "aes.p12", folder / "store.p12")
    (folder / "server.pem").write_bytes(issue(("a.test",)).pem)
    Source.objects.create(name="files", kind="files", options={"paths": [str(folder)]})
    Source.objects.update(secret={"passwords": ["secret1"]})
    assert run().outcome == "complete"
    assert Placement.objects.count() == 3
    (folder / "server.pem").write_bytes(issue(("a.test",)).pem)
    Source.objects.update(secret={"passwords": ["changed"]})
    for hour in (1, 2, 3):
        done: SourceRun = run(later(hours=hour))
        assert done.outcome == "complete"
    assert SourceTrouble.objects.get().locator == str(folder / "store.p12")
    gone = Placement.objects.exclude(gone_at=None)
    assert [row.locator for row in gone] == [str(folder / "server.pem")]
