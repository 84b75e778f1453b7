"""What holds for each module, as the daemon would have it."""

from __future__ import annotations

import pytest

from sersync.rsyncd.reading import Configuration, Fault, Remark, read_configuration
from tests.support.hosts import MadeUpHost

MAIN = "/etc/rsyncd.conf"


def read(text: str, **others: str) -> Configuration:
    texts = {f"/etc/{name.replace('__', '/').replace('_', '.')}": it for name, it in others.items()}
    return read_configuration(MAIN, MadeUpHost(texts={MAIN: text, **texts}))


def remarks(configuration: Configuration) -> list[tuple[Fault, int, str]]:
    return [(each.fault, each.place.line, each.name) for each in configuration.remarks]


def test_a_module_has_what_stands_above_it_and_its_own() -> None:
    conf = read("uid = root\nlist = no\n[a]\npath = /a\nlist = yes\n[b]\npath = /b/\n")

    a, b = conf.modules
    assert (a.text("path"), a.flag("list"), a.text("uid")) == ("/a", "yes", "root")
    assert (b.text("path"), b.flag("list"), b.flag("read only")) == ("/b", "no", "yes")
    assert (str(a.place_of("uid")), str(a.place_of("list"))) == (f"{MAIN}:1", f"{MAIN}:5")


def test_a_global_section_later_holds_for_the_modules_after_it_only() -> None:
    conf = read("[a]\npath=/a\n[global]\nlist = no\n[b]\npath=/b\n")

    assert [module.flag("list") for module in conf.modules] == ["yes", "no"]


def test_names_are_compared_without_case_and_spaces() -> None:
    conf = read("[a]\nReadOnly = No\nMAX  connections = 3\n[ A ]\npath = /a")

    [module] = conf.modules
    assert (module.flag("read only"), module.text("max connections")) == ("no", "3")
    assert module.text("path") == "/a"
    assert remarks(conf) == [(Fault.REOPENED, 4, "A")]


def test_other_names_of_a_parameter_are_known() -> None:
    conf = read("bind address = ::1\nrsync port = 8730\n")

    assert (conf.common.text("address"), conf.common.text("port")) == ("::1", "8730")


def test_what_the_daemon_ignores_is_remarked_and_does_not_hold() -> None:
    conf = read(
        "[a]\nport = 1\ndisable = no\nlist = off\nignore errors\nlist = no\nlist = yes\n"
        "max connections = 20 or so\nsyslog facility = mars\n"
    )

    [module] = conf.modules
    assert module.flag("list") == "yes"
    assert remarks(conf) == [
        (Fault.MISPLACED, 2, "port"),
        (Fault.UNKNOWN, 3, "disable"),
        (Fault.BAD_VALUE, 4, "list"),
        (Fault.IGNORED, 5, "ignore errors"),
        (Fault.REPEATED, 7, "list"),
        (Fault.BAD_VALUE, 8, "max connections"),
        (Fault.BAD_VALUE, 9, "syslog facility"),
    ]


def test_an_included_file_changes_nothing_for_its_parent() -> None:
    conf = read(
        "uid = root\n&include /etc/inc.conf\nmax connections = 3\n[b]\npath = /b\n",
        inc_conf="uid = www\n[a]\npath = /a\n",
    )

    a, b = conf.modules
    assert (a.text("uid"), a.text("max connections")) == ("www", "0")
    assert (b.text("uid"), b.text("max connections")) == ("root", "3")
    assert str(a.place) == "/etc/inc.conf:2"


def test_a_text_that_nobody_had_set_comes_from_what_is_set_for_all_later() -> None:
    conf = read("[a]\npath = /a\n[global]\ncomment = late\nlist = no\n[b]\ncomment = own\n")

    a, b = conf.modules
    assert (a.text("comment"), a.text("list")) == ("late", "yes")
    assert (b.text("comment"), b.text("list")) == ("own", "no")


def test_a_merged_file_is_as_if_it_stood_there() -> None:
    conf = read("&merge /etc/m.inc\npath = /a\n", m_inc="uid = www\n[a]\n")

    [module] = conf.modules
    assert (module.text("uid"), module.text("path")) == ("www", "/a")


def test_a_directory_is_read_in_order_and_by_suffix() -> None:
    conf = read(
        "&merge /etc/d\n&include /etc/d\n",
        d__b_conf="list = no\n[b]\npath = /b\n",
        d__a_conf="[a]\npath = /a\n",
        d__x_inc="uid = www\n",
        d__c_txt="[c]\n",
    )

    assert [module.name for module in conf.modules] == ["a", "b"]
    assert [module.text("uid") for module in conf.modules] == ["www", "www"]
    assert [module.flag("list") for module in conf.modules] == ["yes", "no"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("&include /etc/none", "No such file"),
        ("&inclde /etc/none", "no directive &inclde"),
        ("&include /etc/rsyncd.conf", "too deeply"),
        ("[a/b]", "no slash"),
    ],
)
def test_what_keeps_the_daemon_from_serving_is_told_at_its_line(text: str, said: str) -> None:
    conf = read(f"list = no\n{text}\n[later]\n")

    assert conf.is_broken
    last: Remark = conf.remarks[-1]
    assert (last.fault, last.place.line) == (Fault.BROKEN, 2)
    assert said in last.name
    assert conf.modules == ()


def test_a_module_can_be_served_under_another_name() -> None:
    conf = read("[a]\nname = other\npath = /a")

    assert conf.module("other") is conf.modules[0]
    assert conf.module("a") is None
