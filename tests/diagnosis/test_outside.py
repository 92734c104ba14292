"""Cases of people who know nothing of this project: objects by hand, raw series of a Prometheus, a log a pod.

They come as a user would hand them in, so that what is read of them is judged as well: names and labels of
exporters, sparse objects, times in logs of any kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pytest

from tests.diagnosis.account import seen
from tests.diagnosis.calibration import STEPS
from tests.diagnosis.corpus import Case, parted, score, told
from tests.diagnosis.grafting import grafts, rolled_back
from tests.diagnosis.outside import CASES, one_in, snapshot_of
from tests.diagnosis.worlds import without
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Diagnosis, Finding
from tuheg_ir.diagnosis.rules import all_rules

pytestmark = pytest.mark.corpus

OPEN = frozenset(
    {
        # an autoscaler at its maximum is for a person
        "exam-morning-meets-the-ceiling-of-the-autoscaler",
        # of a host outside its caller is named, as is our custom, and not the host itself
        "boxoffice-threads-wait-for-payment-provider",
        "carrier-api-hangs-and-workers-time-out",
        "checkout-waits-for-parcel-rates-of-the-carrier",
        "fresh-release-innocent-health-network-certificate-expired",
        "license-host-503-init-blocks-new-pods",
        "login-fails-after-release-but-identity-provider-certificate-expired",
        "release-after-supplier-already-failing",
        # both faults are found; of the second its caller is named, not the slow host itself
        "slow-carrier-and-a-starved-renderer",
        # nobody sees how many sessions the database outside has left, and a further pooler may take as many again
        "single-pgbouncer-one-core-is-not-enough",
        # that the hosts which a crawler asks for in vain are gone for good, only its own words tell
        "search-list-misses-look-like-dns-failure",
        # a basket may be nowhere but in the cache, and a person decides whether to throw out any
        "sts-cache-rolled-out-without-eviction",
        # drawn from real reports in November 2026, and for a person until a rule is sure of them:
        # a Service's address is taken for a setting whose words the log does not repeat
        "new-service-name-shadows-optional-port-setting",
        # the run that failed lies there yet, and the next one made up for it
        "old-failed-export-run-keeps-alert-lit",
        # callers get 404 for paths that a new framework does not match any more
        "stock-lookups-with-final-slash-stopped-matching",
        # the pooler's own session holds a lock that no client owns
        "planner-lock-parked-in-pooled-session",
        # a datagram socket still leads to a pod that is gone
        "counter-lines-sent-to-a-collector-pod-that-is-gone",
        # the kernel of the nodes of one colour drops what is new
        "green-pool-kernel-drops-new-flows",
        # a resolver of our own refuses what is beyond its limit
        "private-resolver-turns-away-half-the-lookups",
        # the exporter names no server, and nobody is told who holds the sessions
        "storefront-5xx-importer-hoards-postgres-sessions",
        # the node is named that has run out of something, and not the Deployments that end on it
        "crowded-node-has-no-file-watcher-left-for-a-new-dotnet-pod",
        # the Service is named that was edited, and not its Deployment
        "prefer-close-leaves-one-search-pod-for-three-gateways",
        # the ConfigMap is named that was edited, and not who was started with it
        "soft-memory-ceiling-below-the-live-heap-burns-the-cpu",
        # both stores are found that are full; nothing but its start tells whose statements fill the one
        "audit-day-index-refused-and-statements-never-closed",
        # drawn from real reports in late November 2026:
        # named is what was edited, and not who goes by it
        "workflow-namespace-throttled-by-an-edited-request-rate",
        "balancer-edit-hides-the-callers-behind-four-node-addresses",
        # a person is asked, and told of the caller instead of what it needs, or of the symptom
        "clean-up-rule-lost-its-folder-and-takes-the-archive",
        "git-host-changed-its-rsa-key-and-pinned-known-hosts-stop-the-rules",
        "galera-donor-left-the-group-for-the-night-backup-and-is-synced-again",
        # a neighbour's release is behind it
        "savepoint-per-row-import-slows-every-reader",
        "banner-cookie-makes-every-page-uncacheable",
        # whom the alert names is told of, or who complains, and not what they need
        "every-commit-waits-for-the-standby-on-a-silent-node",
        "one-pooler-left-paused-by-its-own-smoke-check",
        "one-slow-export-benches-every-upstream-in-turn",
        "patients-get-each-reminder-four-times-since-broker-options-were-tidied",
        "new-days-shards-find-no-home-after-a-half-finished-node-round",
        "week-long-links-die-with-the-session-that-signed-them",
        # old noise of a bystander whose lines bear no year is told of
        "finished-report-jobs-without-ttl-use-up-the-count-quota-of-the-list-sync",
        # one of two faults is found
        "one-authority-refuses-the-new-tls-library-and-the-push-batch-path-is-retired",
        "cart-ids-as-metric-labels-swell-the-order-api-while-the-mail-day-is-spent",
        # the node is found; a run without an end beside it looks like an honest long one
        "inotify-instances-gone-on-one-node-while-bank-pull-never-returns",
        # drawn from real reports later still:
        # a person is asked, and told of who suffers instead of what is behind it
        "collector-pauses-while-a-neighbour-floods-the-node-disk",
        "frozen-zone-table-books-one-province-an-hour-late",
        "two-sync-pods-spend-the-same-one-time-refresh-token",
        # whose counters have no end, only the store knows
        "quota-counters-lost-their-expiry-while-the-store-moved",
        # a host outside changed, and its client is taken for the reason
        "bank-host-no-longer-offers-the-only-key-type-the-uploader-takes",
        # a cache that keeps failures of its origin: no acting remedy without more such cases
        "edge-remembers-last-nights-missing-pictures-for-a-day",
        # crashes since an edit of settings: which of both words, no rule tells
        "one-new-screening-pattern-locks-every-event-loop",
        # the edited ConfigMap is named, and not the server that reads it
        "tightened-grants-leave-a-worker-unable-to-acknowledge",
        # drawn from what teams meet every month:
        "cyber-monday-search-load-trips-elasticsearch-parent-breaker-on-small-heap",
        # it is named as killed for memory; asked is scale_database for a larger limit, which here ends idle sessions
        "exam-registration-postgres-oomkilled-while-students-book-their-exams",
        "ingest-schema-cache-drains-since-segment-store-stopped-stamping-fields",
        # who suffers is named, with a cause that nothing shows
        "members-api-requests-hang-without-any-trace-in-logs",
        # made by programs of grown platforms in December 2026, as they came:
        # of two faults one is found
        "two-ways-to-lose-a-cart",
        # one client that is held back as wanted, beside new words of a release
        "two-in-five-answers-are-not-2xx-on-a-quiet-sunday",
        # drawn in December 2026 where answers had been worst, as they came:
        # an autoscaler at its maximum is for a person
        "offer-search-timeouts",
        "seat-maps-take-forever",
        # sessions of a run whose node is gone: named, and ending them is a person's
        "subscribers-cannot-log-in",
        # honest demand, with more replicas, has outgrown what a database grants
        "seat-selection-spinning",
        "delivery-slots-page-errors",
        "friday-evening-basket-errors",
        # drawn in December 2026 of sessions that lie and of intruders whom no product watches:
        # clients' pools tell who keeps what a managed database lends, and another's release stands near
        "shift-board-slow-before-month-end",
        # carried out in names, by what a log without times tells: found, and a person is to judge
        "name-lookups-slow-at-the-auction",
        # an intruder seen by what others log of him, or in what an application lets its users do
        "members-portal-slow-and-api-at-its-replica-limit",
        # of two faults one is found, beside an edit that looks like the other
        "kino-kasse-freitagabend",
    }
)
"""Cases that no rule answers; a rule that answers one takes it out."""
MOST_HARMED = 0.02
"""The largest share of cases in which the other rules advise harm where the one that answers is taken away.

It was 0.01 before incidents came in which an innocent release stands minutes before nearly every trouble. Of all it
was 25 of 1,749 when all were asked last.
"""
MOST_UNHEARD = 0.02
"""The same where only the logs could not be read."""
MOST_MISLED = 0.04
"""The largest share of innocent releases, grafted beside a fault, that are advised to be taken back."""
MOST_UNSEEN = 0.1
"""The largest share of answers that are lost with what the account of `rbac/` may not read, or a cluster not give."""
LEAST_SEEN_AGAIN = 0.6
"""The least share of these that come back with the rights to its Secrets and to the other namespaces of an incident."""
ASKED = one_in(9, 1)
"""Cases that `make test` asks; most of what else is asked is asked of some of these, so that each is made once."""
TAKEN = STEPS[1:]
LESS = tuple((case, TAKEN[case.checksum // 18 % len(TAKEN)]) for case in one_in(18, 1))
"""Cases with what is taken away of each, dealt by the checksum too."""
ROBBED = ASKED
"""Cases that lose the rule that answers them."""
SEEN = one_in(18, 1)
"""Cases of which only what the account of one namespace may read is seen."""
GRAFTED = one_in(6, 1)
"""Cases beside whose fault an innocent release stands."""
UNHEARD = one_in(18, 1)
"""Cases of which no log can be read."""


@cache
def answer_to(case: Case) -> Diagnosis:
    """Return what is said of a case."""
    return decide(snapshot_of(case))


@pytest.mark.slow
@pytest.mark.parametrize("case", parted(CASES, ASKED))
def test_a_case_from_outside_is_answered_and_nothing_harmful_is_said(case: Case) -> None:
    findings = answer_to(case).findings
    if case in ROBBED:
        without_its_rule(case)
    judged = score(case, findings)
    assert not judged.forbidden, told(findings)
    assert judged.right == (case.name not in OPEN), told(findings)
    if (case.folder / "metrics").exists():
        assert [each.ok for each in snapshot_of(case).sources if each.source == "metrics"] == [True]


@pytest.mark.slow
@pytest.mark.parametrize(("case", "gone"), LESS, ids=[case.name for case, _ in LESS])
def test_with_less_evidence_nothing_harmful_is_said_of_a_case_from_outside(case: Case, gone: tuple[str, ...]) -> None:
    found = decide(without(snapshot_of(case), *gone)).findings
    assert not score(case, found).forbidden, f"without {gone}: {told(found)}"


@pytest.mark.slow
def test_where_only_the_logs_could_not_be_read_a_case_is_seldom_answered_with_harm() -> None:
    answers = ((case, decide(without(snapshot_of(case), "logs")).findings) for case in UNHEARD)
    harmed = [case.name for case, found in answers if score(case, found).forbidden]
    assert len(harmed) <= MOST_UNHEARD * len(UNHEARD), harmed


@pytest.mark.slow
def test_without_the_rule_that_answers_it_a_case_is_seldom_answered_with_harm() -> None:
    harmed = [case.name for case in ROBBED if score(case, without_its_rule(case)).forbidden]
    assert len(harmed) <= MOST_HARMED * len(ROBBED), harmed


@cache
def without_its_rule(case: Case) -> Sequence[Finding]:
    """Return what is found if the rules that answer a case are not there: so an incident that no rule was made for.

    Asked right after the answer itself, it finds nearly all worked out.
    """
    gone = {each.rule for each in answer_to(case).findings[: len(case.faults)]}
    return decide(snapshot_of(case), [rule for rule in all_rules() if rule.name not in gone]).findings


@pytest.mark.slow
def test_what_the_account_of_one_namespace_sees_is_enough_for_most_and_nothing_harmful_is_said() -> None:
    judged = {case.name: score(case, decide(seen(snapshot_of(case))).findings) for case in SEEN}
    assert not [name for name, each in judged.items() if each.forbidden]
    lost = [name for name, each in judged.items() if name not in OPEN and not each.right]
    assert len(lost) <= MOST_UNSEEN * sum(name not in OPEN for name in judged), lost
    more = [score(case, decide(seen(snapshot_of(case), more=True)).findings) for case in SEEN if case.name in lost]
    assert not any(each.forbidden for each in more)
    assert sum(each.right for each in more) >= LEAST_SEEN_AGAIN * len(lost)


def test_what_stands_open_is_there() -> None:
    assert {case.name for case in CASES} >= OPEN


@pytest.mark.slow
def test_a_neighbour_whose_release_only_stood_near_is_seldom_rolled_back() -> None:
    asked, misled = 0, []
    for number, case in enumerate(GRAFTED):
        for graft in grafts(case, snapshot_of(case), (2, 6)[number % 2], switch=True):
            asked += 1
            if rolled_back(graft):
                misled.append(f"{graft.name}: {graft.released}")
    assert asked >= len(GRAFTED) / 5
    assert len(misled) <= MOST_MISLED * asked, misled
