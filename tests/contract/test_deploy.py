"""What deploys the service: checked with the schemas of the tools that read it, and against the service."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from cds_service.auth.tenants import Mode
from cds_service.auth.tenants_file import read_tenants
from cds_service.guideline.content.library import load
from cds_service.settings import READERS
from cds_service.web.metrics import Metrics

DEPLOY = Path(__file__).parents[2] / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
PROMETHEUS = DEPLOY / "prometheus"
MANIFESTS = sorted(path for path in KUBERNETES.glob("*.yaml") if path.name != "kustomization.yaml")
OLDEST, NEWEST = "1.30", kubernetes_validate.latest_version()  # 1.30: the first in which preStop can sleep
NAME = re.compile(r"\bliver_cds_\w+")


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def deployment() -> Any:
    return read(KUBERNETES / "deployment.yaml")["spec"]["template"]["spec"]


def container() -> Any:
    (only,) = deployment()["containers"]
    return only


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_manifest_fits_the_schema_of_its_kind(path: Path, version: str) -> None:
    kubernetes_validate.validate(read(path), version, strict=True)


def test_the_schema_check_finds_a_misspelt_field() -> None:
    manifest = read(KUBERNETES / "deployment.yaml")
    manifest["spec"]["template"]["spec"]["containers"][0]["readOnlyRootFilesystems"] = True
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, OLDEST, strict=True)


def test_every_manifest_is_part_of_the_whole() -> None:
    listed = read(KUBERNETES / "kustomization.yaml")["resources"]
    assert sorted(listed) == [path.name for path in MANIFESTS]


def test_pods_have_no_privileges_and_nothing_to_write_on() -> None:
    assert deployment()["securityContext"]["runAsNonRoot"] is True
    assert deployment()["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert deployment()["automountServiceAccountToken"] is False
    assert deployment()["enableServiceLinks"] is False
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_probes_ask_what_they_are_for() -> None:
    paths = {kind: container()[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness")}
    assert paths == {"startup": "/livez", "liveness": "/livez"}
    # A lost store must not take every replica out of service.
    assert container()["readinessProbe"]["httpGet"]["path"] == "/readyz?exclude=store"


def test_a_pod_has_time_to_stop() -> None:
    before = container()["lifecycle"]["preStop"]["sleep"]["seconds"]
    needs = before + 5 + 10 + 5  # DRAIN_S, requests under way, writing what is pending
    assert deployment()["terminationGracePeriodSeconds"] > needs


def test_two_replicas_at_least_and_one_always() -> None:
    assert read(KUBERNETES / "autoscaler.yaml")["spec"]["minReplicas"] >= 2
    assert read(KUBERNETES / "disruption-budget.yaml")["spec"]["minAvailable"] == 1
    assert "replicas" not in read(KUBERNETES / "deployment.yaml")["spec"]  # the autoscaler's to say


def test_the_selectors_find_the_pods() -> None:
    labels = read(KUBERNETES / "deployment.yaml")["spec"]["template"]["metadata"]["labels"]
    for name, path in (("service", ()), ("disruption-budget", ("matchLabels",))):
        selector = read(KUBERNETES / f"{name}.yaml")["spec"]["selector"]
        for step in path:
            selector = selector[step]
        assert selector.items() <= labels.items()
    policy = read(KUBERNETES / "network-policy.yaml")["spec"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    assert sorted(policy["policyTypes"]) == ["Egress", "Ingress"]


def test_the_compose_file_fits_its_schema() -> None:
    program = Path(sys.executable).with_name("check-jsonschema")
    command = [str(program), "--builtin-schema", "vendor.compose-spec", str(DEPLOY / "compose.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_compose_publishes_on_loopback_only_and_runs_twice() -> None:
    services = read(DEPLOY / "compose.yaml")["services"]
    assert services["service"]["deploy"]["replicas"] == 2
    assert all(port.startswith("127.0.0.1:") for port in services["service"]["ports"])
    assert "ports" not in services["database"]
    assert services["service"]["read_only"] is True
    assert services["service"]["cap_drop"] == ["ALL"]


def _settings(compose: Mapping[str, Any]) -> Iterator[str]:
    yield from compose["services"]["service"]["environment"]
    yield from (entry["name"] for entry in container()["env"])


def test_only_settings_that_exist_are_set() -> None:
    named = {name.removeprefix("LIVER_CDS_") for name in _settings(read(DEPLOY / "compose.yaml"))}
    assert named <= READERS.keys()


def test_the_sample_tenants_are_a_tenants_file(tmp_path: Path) -> None:
    of_kubernetes = tmp_path / "tenants.yaml"
    of_kubernetes.write_text(read(KUBERNETES / "tenants.yaml")["data"]["tenants.yaml"], encoding="utf-8")
    for path in (of_kubernetes, DEPLOY / "config" / "tenants.yaml"):
        (tenant,) = read_tenants(path, load(None))
        assert tenant.mode is Mode.SILENT  # a new EHR begins where nobody sees anything


def test_the_unit_of_systemd_is_one(tmp_path: Path) -> None:
    text = (DEPLOY / "systemd" / "liver-cds@.service").read_text(encoding="utf-8")
    unit = tmp_path / "liver-cds@8001.service"
    # Here nothing is installed at the path that it starts.
    unit.write_text(re.sub("^ExecStart=.*", "ExecStart=/bin/true", text, flags=re.MULTILINE))
    command = ["systemd-analyze", "verify", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_metrics_are_as_prometheus_wants_them() -> None:
    page = Metrics().exposition()
    done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_alarms_go_off_when_they_should() -> None:
    tests = ("alarms-test.yaml", "slow-alarms-test.yaml")
    for command in (["check", "rules", "alarms.yaml"], ["test", "rules", *tests]):
        done = subprocess.run(
            ["promtool", *command], cwd=PROMETHEUS, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def _alarms() -> list[Any]:
    return [rule for group in read(PROMETHEUS / "alarms.yaml")["groups"] for rule in group["rules"]]


def test_every_alarm_is_tested_and_explained() -> None:
    named = {rule["alert"] for rule in _alarms() if "alert" in rule}
    tested = {
        case["alertname"]
        for name in ("alarms-test.yaml", "slow-alarms-test.yaml")
        for test in read(PROMETHEUS / name)["tests"]
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    }
    page = (DEPLOY.parent / "docs" / "operating.md").read_text(encoding="utf-8")
    assert tested == named
    assert set(re.findall(r"^\| `(LiverCds\w+)`", page, re.MULTILINE)) == named


def test_alarms_and_page_speak_of_metrics_that_exist() -> None:
    exposed = {
        name.removesuffix("_bucket")
        for name in re.findall(r"^# TYPE (liver_cds_\w+)", Metrics().exposition().decode(), re.MULTILINE)
    }
    asked = {name for rule in _alarms() for name in NAME.findall(rule["expr"])}
    own = {name for rule in _alarms() if "record" in rule for name in NAME.findall(rule["record"])}
    assert {name.removesuffix("_bucket") for name in asked - own} <= exposed
    page = (DEPLOY.parent / "docs" / "operating.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(liver_cds_\w+)`", page, re.MULTILINE)) == exposed
