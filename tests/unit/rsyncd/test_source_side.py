from __future__ import annotations

import tomllib

from sersync.model.target import RemoteShell, RsyncModule
from sersync.rsyncd.source_side import SourceSide, source_side

ENDPOINT = RsyncModule(host="backup1", module="copy", user="pusher", port=8730)


def lines(side: SourceSide) -> str:
    return "\n".join(source_side(side))


def toml_of(text: str) -> dict[str, object]:
    block = text.partition("# Or in sersync.toml:\n")[2].partition("\n\n")[0]
    return tomllib.loads(block)["source"][0]["target"][0]  # type: ignore[no-any-return]


def test_a_daemon_needs_a_password_file_in_all_three_forms() -> None:
    text = lines(SourceSide(endpoint=ENDPOINT, password="it's secret"))

    file = "/etc/sersync/backup1-copy.password"
    assert f"install -m 600 /dev/null {file}\n" in text
    assert """printf '%s\\n' 'it'"'"'s secret' > """ + file in text
    assert f"rsync://pusher@backup1:8730/copy --password-file {file}" in text
    assert toml_of(text) == {
        "to": "rsync://pusher@backup1:8730/copy",
        "password_file": file,
    }
    assert f'<auth start="true" users="pusher" passwordfile="{file}"/>' in text
    assert '<userDefinedPort start="true" port="8730"/>' in text


def test_with_tls_the_certificate_travels_along() -> None:
    secured = RsyncModule(host="backup1", module="copy", user="p", port=874, tls=True)

    text = lines(SourceSide(endpoint=secured, password="x", certificate="-----BEGIN\n"))

    assert "<<'END'\n-----BEGIN\nEND\n" in text
    assert toml_of(text)["ca_file"] == "/etc/sersync/backup1-copy.pem"
    assert "confxml.xml knows no TLS" in text


def test_by_ssh_there_is_no_password() -> None:
    text = lines(SourceSide(endpoint=RemoteShell(host="web2", user="mirror", path="/")))

    assert "password" not in text
    assert toml_of(text) == {"to": "mirror@web2:/"}
    assert '<ssh start="true" user="mirror"/>' in text
