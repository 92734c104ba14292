"""One odd replica, troubles that are over, noise, and what nobody can tell."""

from __future__ import annotations

from datetime import timedelta

from tests.diagnosis.rules.pods import again, looping, pods_of, put
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, event, figure, log, pod, series, snapshot, thing, workload
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Alert, Finding, Snapshot, Source

SHOP = "Deployment/shop"
WELL = figure("error_ratio", 0.001, 0.001, component="shop")


def finding(snap: Snapshot) -> Finding:
    return decide(snap).findings[0]


def answer(snap: Snapshot) -> tuple[str, str, str]:
    best = finding(snap)
    return best.component, best.root_cause, best.remedy


def alert(name: str, *, state: str = "firing", **labels: str) -> Alert:
    return Alert(name, labels, {}, state, NOW - timedelta(minutes=10))


class TestOneReplica:
    def test_one_of_many_that_fails_is_restarted(self) -> None:
        figures = [figure("error_ratio_by_pod", 0.0, 0.9 if n == 1 else 0.001, pod=pod("shop", n)) for n in range(4)]
        figures.append(figure("error_ratio", 0.0, 0.22, component="shop"))
        snap = snapshot(workload("shop", pods=4, before={"image": "shop:0"}, released=9 * DAY), figures=figures)
        assert answer(snap) == (SHOP, "service_crash", "restart_workload")
        assert "rollback_workload" in {each.remedy for each in finding(snap).excluded}

    def test_all_that_fail_are_not_one(self) -> None:
        figures = [figure("error_ratio_by_pod", 0.0, 0.9, pod=pod("shop", n)) for n in range(4)]
        snap = snapshot(workload("shop", pods=4), figures=figures)
        assert answer(snap)[2] == "page_human"


class TestOver:
    def test_a_burst_that_ended_needs_nothing(self) -> None:
        burst = ("error_ratio", series({"component": "shop"}, (3600, 0.0), (2400, 0.4), (1500, 0.0)))
        snap = snapshot(workload("shop"), figures=[burst], alerts=[alert("ShopErrors", service="shop")])
        assert answer(snap) == (SHOP, "no_fault", "no_action")

    def test_a_burst_that_ended_a_minute_ago_may_come_back(self) -> None:
        burst = ("error_ratio", series({"component": "shop"}, (3600, 0.0), (2400, 0.4), (90, 0.0)))
        snap = snapshot(workload("shop"), figures=[burst], alerts=[alert("ShopErrors", service="shop")])
        assert answer(snap)[2] != "no_action"


class TestWell:
    def test_the_watchdog_alone_is_no_fault(self) -> None:
        snap = snapshot(workload("shop"), figures=[WELL], alerts=[alert("Watchdog")])
        found = finding(snap)
        assert (found.root_cause, found.remedy) == ("no_fault", "no_action")
        assert found.confidence >= 0.6

    def test_a_failed_job_that_nobody_waits_for_is_noise(self) -> None:
        job = thing("Job", "report", age=DAY, spec={"template": {"spec": {"containers": []}}}, status={"failed": 1})
        dead = thing("Pod", "report-x", age=DAY)
        dead["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "report", "controller": True}]
        dead["status"] = {"phase": "Failed", "containerStatuses": [{"name": "report", **looping()}]}
        snap = snapshot(workload("shop"), job, dead, figures=[WELL])
        assert answer(snap)[1:] == ("no_fault", "no_action")

    def test_a_single_restart_of_hours_ago_is_noise(self) -> None:
        objects = workload("shop")
        put(pods_of(objects)[0], again("Error", 1, age=4 * 3600))
        assert answer(snapshot(objects, figures=[WELL]))[1:] == ("no_fault", "no_action")

    def test_a_client_that_is_held_back_by_design(self) -> None:
        limited = figure("rate_limited_ratio", 0.0, 0.3, component="shop")
        snap = snapshot(workload("shop"), figures=[WELL, limited], alerts=[alert("Shop4xx", service="shop")])
        assert answer(snap)[1:] == ("no_fault", "no_action")

    def test_pods_that_run_say_little(self) -> None:
        assert finding(snapshot(workload("shop"))).confidence < 0.6


class TestScaledToZero:
    def gone(self) -> list[Obj]:
        objects = workload("shop", pods=1, before={}, released=20 * DAY)
        objects[0]["spec"]["replicas"] = 0
        objects[0]["status"] = {"replicas": 0}
        return [each for each in objects if each["kind"] != "Pod"]

    def test_giving_the_replicas_back_is_the_cure(self) -> None:
        told = event(
            "Deployment/shop", "ScalingReplicaSet", "Scaled down replica set shop-r1 to 0 from 3", kind="Normal"
        )
        snap = snapshot(self.gone(), told, workload("web", env={"SHOP_URL": "http://shop:8080"}))
        assert answer(snap) == (SHOP, "configuration_error", "scale_workload")

    def test_what_nobody_misses_stays_at_zero(self) -> None:
        web = figure("error_ratio", 0.0, 0.0, component="web")
        assert answer(snapshot(self.gone(), workload("web"), figures=[web]))[1:] == ("no_fault", "no_action")


class TestUnknown:
    def test_nothing_read_is_unknown(self) -> None:
        found = finding(snapshot())
        assert (found.root_cause, found.remedy) == ("unknown", "page_human")
        assert found.confidence <= 0.3

    def test_what_could_not_be_read_is_told(self) -> None:
        snap = Snapshot(NOW, "town", sources=(Source("pods", ok=False, note="forbidden", kind="forbidden"),))
        assert any("pods could not be read" in each.fact for each in finding(snap).evidence)

    def test_crashes_without_a_reason_are_a_guess(self) -> None:
        objects = workload("shop")
        put(pods_of(objects)[0], looping(), unready=100)
        found = finding(snapshot(objects))
        assert (found.root_cause, found.remedy) == ("service_crash", "page_human")
        assert found.confidence < 0.6

    def test_an_alert_that_nothing_else_bears_out(self) -> None:
        snap = snapshot(workload("shop"), alerts=[alert("ShopOdd", service="shop")])
        assert answer(snap) == (SHOP, "unknown", "page_human")

    def test_logs_that_complain_where_nobody_measures_are_no_good_news(self) -> None:
        lines = ["ERROR could not connect: connection refused"] * 9
        assert answer(snapshot(workload("shop"), logs=[log(pod("shop"), *lines)]))[2] == "page_human"
