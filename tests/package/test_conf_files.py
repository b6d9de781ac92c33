"""The app's static configuration says what Splunk understands, and the same everywhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from package.spl.app_tree import build_number
from vt_connectors import __version__

from .conf_reader import read_conf
from .conf_settings import is_allowed
from .spl_reader import PROJECT


def conf_files(app: Path) -> list[Path]:
    return [*sorted(app.glob("default/*.conf")), *sorted(app.glob("metadata/*.meta"))]


def test_every_setting_is_one_that_splunk_or_the_app_reads(app: Path) -> None:
    unknown = [
        f"{path.name} [{stanza}] {setting}"
        for path in conf_files(app)
        for stanza, settings in read_conf(path).items()
        for setting in settings
        if not is_allowed(path.name, stanza, setting)
    ]
    assert unknown == []


def test_a_misspelt_setting_would_be_found() -> None:
    assert is_allowed("commands.conf", "vtlookup", "python.required")
    assert not is_allowed("commands.conf", "vtlookup", "python_required")
    assert not is_allowed("commands.conf", "other", "chunked")
    assert not is_allowed("props.conf", "default", "chunked")


@pytest.mark.parametrize("text", ["[a]\nx = 1\nx = 2\n", "[a]\nx = 1\n[a]\n", "[a]\nx\n", "[a\nx = 1\n"])
def test_repeated_and_broken_lines_of_a_conf_file_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "broken.conf").write_text(text, "utf-8")
    with pytest.raises(ValueError, match="broken or repeated"):
        read_conf(tmp_path / "broken.conf")


def test_every_place_that_names_the_version_names_the_same(app: Path, spl: Path) -> None:
    app_conf = read_conf(app / "default/app.conf")
    manifest = json.loads((app / "app.manifest").read_text("utf-8"))
    versions = [app_conf["launcher"]["version"], app_conf["id"]["version"], manifest["info"]["id"]["version"]]
    assert versions == [__version__] * 3
    assert spl.name == f"vtlookup-{__version__}.spl"


def test_every_release_has_a_higher_build_so_that_browsers_read_its_static_files_again(app: Path) -> None:
    assert read_conf(app / "default/app.conf")["install"]["build"] == str(build_number(__version__))
    versions = ["0.9.12", "1.0.0", "1.0.1", "1.1.0", "1.10.0", "2.0.0"]
    assert sorted(map(build_number, versions)) == list(map(build_number, versions))
    assert build_number("1.2.3") == 10203


def test_the_manifest_names_a_licence_that_is_there_and_claims_no_experience_with_splunk(app: Path) -> None:
    info = json.loads((app / "app.manifest").read_text("utf-8"))["info"]
    assert "Apache License" in (app / info["license"]["text"]).read_text("utf-8")
    # Until the checks of package/real_splunk have succeeded with a real server.
    assert info["classification"]["developmentStatus"] == "Beta"


def test_every_place_that_names_the_oldest_splunk_names_the_same(app: Path) -> None:
    [required] = re.findall(r"Enterprise (\d+\.\d+) or later", (app / "README.txt").read_text("utf-8"))
    pages = {
        "docs/splunk-install.md": f"Enterprise {required} or later",
        "docs/splunk.md": f"Splunk {required} and later",
        "SECURITY.md": f"Splunk {required} and later",
    }
    assert [name for name, text in pages.items() if text not in (PROJECT / name).read_text("utf-8")] == []


def test_the_readme_in_the_app_names_files_and_capabilities_that_are_there(app: Path) -> None:
    text = (app / "README.txt").read_text("utf-8")
    assert __version__ in text
    assert all((app / name).exists() for name in re.findall(r"README/\w+\.conf\.spec|\w+\.txt", text))
    for capability in re.findall(r"\brun_vtlookup\w*|\bvtlookup_admin\b", text):
        assert f"capability::{capability}" in read_conf(app / "default/authorize.conf")


def test_every_place_that_names_the_app_names_its_folder(app: Path) -> None:
    app_conf = read_conf(app / "default/app.conf")
    manifest = json.loads((app / "app.manifest").read_text("utf-8"))
    assert {app_conf["package"]["id"], app_conf["id"]["name"], manifest["info"]["id"]["name"]} == {app.name}


def test_every_command_starts_a_script_that_is_there_on_both_pythons(app: Path) -> None:
    for settings in read_conf(app / "default/commands.conf").values():
        assert (app / "bin" / settings["filename"]).is_file()
        assert settings["python.required"] == "3.9, 3.13"
        assert settings["chunked"] == "true"


def test_every_endpoint_is_a_handler_that_is_there_on_both_pythons_and_asks_for_a_capability(app: Path) -> None:
    known = {name.removeprefix("capability::") for name in read_conf(app / "default/authorize.conf")}
    for settings in read_conf(app / "default/restmap.conf").values():
        module, _, name = settings["handler"].partition(".")
        assert settings["script"] == f"{module}.py"
        assert f"class {name}(" in (app / "bin" / settings["script"]).read_text("utf-8")
        assert settings["python.required"] == "3.9, 3.13"
        assert settings["requireAuthentication"] == "true"
        rights = {text for setting, text in settings.items() if setting.startswith("capability")}
        assert len(rights) == 1
        assert rights <= known
        assert {f"capability.{method}" for method in ("get", "post", "put", "delete")} < set(settings)


def test_the_app_asks_for_no_setup_page_that_it_does_not_have(app: Path) -> None:
    setup_view = read_conf(app / "default/app.conf")["ui"].get("setup_view")
    assert setup_view is None or (app / f"default/data/ui/views/{setup_view}.xml").is_file()


def test_own_settings_have_a_default_and_a_description_each(app: Path) -> None:
    spec = (app / "README/vtlookup.conf.spec").read_text("utf-8")
    described = re.findall(r"^([a-z_]+) = <", spec, re.MULTILINE)
    assert described == list(read_conf(app / "default/vtlookup.conf")["settings"])


def test_the_described_defaults_are_the_shipped_ones(app: Path) -> None:
    spec = (app / "README/vtlookup.conf.spec").read_text("utf-8")
    described = re.findall(r"^\* Default: (?:\(empty\)|(\S+).*)$", spec, re.MULTILINE)
    assert described == list(read_conf(app / "default/vtlookup.conf")["settings"].values())


def test_the_api_key_is_in_no_shipped_setting(app: Path) -> None:
    settings = {name for path in conf_files(app) for stanza in read_conf(path).values() for name in stanza}
    # Of a lease: who holds it.
    settings.remove("field.token")
    assert [name for name in settings if re.search("key|token|secret|password", name)] == []


def test_own_settings_are_reloaded_and_replicated(app: Path) -> None:
    assert read_conf(app / "default/app.conf")["triggers"]["reload.vtlookup"] == "simple"
    shclustering = read_conf(app / "default/server.conf")["shclustering"]
    assert shclustering["conf_replication_include.vtlookup"] == "true"


def test_other_apps_see_what_people_use_from_them_and_nothing_else(app: Path) -> None:
    meta = read_conf(app / "metadata/default.meta")
    exported = {stanza for stanza, settings in meta.items() if settings["export"] == "system"}
    known = {"transforms/vt_verdicts", "collections/vt_answers"}
    assert exported == {
        "commands",
        "searchbnf",
        "macros",
        "workflow_actions",
        "alert_actions",
        "alerts",
        "props",
        "eventtypes",
        "tags",
        "views/vt_report",
        *known,
    }
    assert meta[""]["export"] == "none"


def test_only_administrators_may_change_the_app(app: Path) -> None:
    for settings in read_conf(app / "metadata/default.meta").values():
        assert settings["access"].endswith(", write : [ admin, sc_admin ]")


def test_the_help_shows_three_examples_of_every_command(app: Path) -> None:
    stanzas = read_conf(app / "default/searchbnf.conf")
    assert list(stanzas) == [f"{name}-command" for name in read_conf(app / "default/commands.conf")]
    for stanza, help_text in stanzas.items():
        examples = [help_text[f"example{number}"] for number in (1, 2, 3)]
        assert all(re.search(rf"\| {stanza.partition('-')[0]}\b", example) for example in examples)
        assert [name for name in help_text if name.startswith("comment")] == ["comment1", "comment2", "comment3"]


def test_splunk_web_asks_before_it_runs_what_others_would_see_and_nothing_else(app: Path) -> None:
    commands = read_conf(app / "default/commands.conf")
    assert [name for name, settings in commands.items() if settings.get("is_risky") == "true"] == [
        "vtcomment",
        "vtstream",
    ]


def test_the_right_to_clear_the_cache_is_one_that_the_app_declares_and_admins_have(app: Path) -> None:
    stanzas = read_conf(app / "default/authorize.conf")
    [capability] = re.findall(r'^CAPABILITY = "(\w+)"$', (app / "bin/vtlookup_app/commands/cache.py").read_text(), re.M)
    assert f"capability::{capability}" in stanzas
    assert [role for role, may in stanzas.items() if may.get(capability) == "enabled"] == ["role_admin"]


def test_quota_and_queue_are_for_administrators_alone(app: Path) -> None:
    meta = read_conf(app / "metadata/default.meta")
    closed = {stanza for stanza, settings in meta.items() if "*" not in settings["access"]}
    assert closed == {"collections/vt_leases", "collections/vt_ledgers", "collections/vt_pending"}


def test_every_collection_has_its_access_and_what_is_queried_is_accelerated(app: Path) -> None:
    collections = read_conf(app / "default/collections.conf")
    meta = read_conf(app / "metadata/default.meta")
    assert {f"collections/{name}" for name in collections} == {name for name in meta if name.startswith("collections")}
    for settings in collections.values():
        declared = {name.partition(".")[2] for name in settings if name.startswith("field.")}
        accelerated = [json.loads(value) for name, value in settings.items() if name.startswith("accelerated_fields.")]
        assert accelerated
        assert all(set(fields) <= declared for fields in accelerated)


def test_the_lookup_has_fields_that_its_collection_has(app: Path) -> None:
    lookup = read_conf(app / "default/transforms.conf")["vt_verdicts"]
    collection = read_conf(app / "default/collections.conf")[lookup["collection"]]
    assert {f"field.{name}" for name in lookup["fields_list"].split(", ") if name != "_key"} <= set(collection)


def test_no_saved_search_runs_before_somebody_turns_it_on(app: Path) -> None:
    searches = read_conf(app / "default/savedsearches.conf")
    assert searches["VirusTotal - look up what is pending"]["search"] == "| vtdrain"
    assert searches["VT IoC stream to index"]["search"].startswith("| vtstream limit=400 | collect index=")
    for settings in searches.values():
        assert ("cron_schedule" in settings) == ("enableSched" in settings) == ("disabled" in settings)
        assert settings.get("disabled", "1") == settings.get("enableSched", "1") == "1"
