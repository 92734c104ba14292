"""Demand that outgrows what is there: messages that pile up, requests that multiply."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.tiny import answers, at, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.rules import queue_backlog, traffic_grew

SHOP = "Deployment/shop"


def shop(**more: Any) -> list[dict[str, Any]]:
    return workload("shop", **more)


AMQP = {"AMQP_URL": "amqp://rabbitmq:5672"}


AMQP = {"AMQP_URL": "amqp://rabbitmq:5672"}


class TestQueue:
    RULE = queue_backlog.RULE
    GREW = figure("queue_depth", 20, 8000, component="mail-worker")

    def broker(self) -> list[dict[str, Any]]:
        return workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672)

    def test_a_released_consumer_is_rolled_back(self) -> None:
        worker = workload("mail-worker", env=AMQP, before={"image": "registry.example/mail-worker:0"}, service=False)
        snap = snapshot(worker, self.broker(), figures=[self.GREW])
        assert answers(self.RULE, snap)[0][:3] == ("Deployment/mail-worker", "code_defect", "rollback_workload")

    def test_a_consumer_that_is_well_needs_more_of_its_kind(self) -> None:
        worker = workload("mail-worker", env=AMQP, service=False)
        snap = snapshot(worker, self.broker(), figures=[self.GREW])
        assert answers(self.RULE, snap)[0][:3] == ("Deployment/mail-worker", "capacity", "scale_workload")

    @pytest.mark.parametrize("shows", ["figures", "logs"])
    def test_a_consumer_that_stands_still_is_restarted(self, shows: str) -> None:
        worker = workload("mail-worker", env=AMQP, service=False)
        idle = [figure("cpu_share", 0.4, 0.01, pod=pod("mail-worker", n), container="w") for n in (0, 1)]
        quiet = [Log(pod("mail-worker", n), "w", (f"{at(1500)} sent mail 17",)) for n in (0, 1)]
        snap = snapshot(
            worker,
            self.broker(),
            figures=[self.GREW, *(idle if shows == "figures" else [])],
            logs=quiet if shows == "logs" else [],
        )
        assert answers(self.RULE, snap)[0][:3] == ("Deployment/mail-worker", "service_crash", "restart_workload")

    def test_a_consumer_without_ready_pods_has_a_trouble_of_its_own(self) -> None:
        snap = snapshot(workload("mail-worker", env=AMQP, ready=0), self.broker(), figures=[self.GREW])
        assert answers(self.RULE, snap) == []

    def test_a_queue_by_its_own_name_finds_its_consumer(self) -> None:
        worker = workload("mail-worker", env=AMQP, service=False)
        snap = snapshot(worker, self.broker(), figures=[figure("queue_depth", 20, 8000, component="outgoing.mail")])
        assert answers(self.RULE, snap)[0][0] == "Deployment/mail-worker"

    def test_a_short_queue_is_no_backlog(self) -> None:
        snap = snapshot(self.broker(), figures=[figure("queue_depth", 2, 40, component="mail")])
        assert answers(self.RULE, snap) == []


class TestTraffic:
    RULE = traffic_grew.RULE

    def figures(self, *busy: float, grows: float = 180) -> list[Any]:
        return [
            figure("request_rate", 60, grows, component="shop"),
            figure("latency_p95", 0.1, 2.5, component="shop"),
            *(figure("cpu_share", 0.4, share, pod=pod("shop", n), container="shop") for n, share in enumerate(busy)),
        ]

    def test_all_pods_busy_with_more_requests_need_more_pods(self) -> None:
        snap = snapshot(shop(), figures=self.figures(0.97, 0.95))
        assert answers(self.RULE, snap) == [(SHOP, "capacity", "scale_workload", SHOP)]

    def test_one_busy_pod_is_another_trouble(self) -> None:
        assert answers(self.RULE, snapshot(shop(), figures=self.figures(0.97, 0.2))) == []

    def test_busy_pods_without_more_requests_are_another_trouble(self) -> None:
        assert answers(self.RULE, snapshot(shop(), figures=self.figures(0.97, 0.95, grows=62))) == []
