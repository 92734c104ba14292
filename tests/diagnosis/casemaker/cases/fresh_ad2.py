"""Programs that err: a date that the next month does not have, a login that asks for a login."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.fresh_p import calls, machines, measured
from tests.diagnosis.casemaker.jobs import failed_tries, job
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress
from tests.diagnosis.casemaker.platform import nodes, secret
from tests.diagnosis.casemaker.scene import alert, postgres, taken, well
from tests.diagnosis.casemaker.signals import flat, requests, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "next-month-has-no-thirty-first",
    "gym-chain",
    "2026-08-31T08:12:00",
    title="No membership can be sold since midnight; the program asks for the thirty-first of September",
    drawn_from="date.replace(month=month + 1) on the last day of a long month: day is out of range for month",
    why="The error names a day that the next month does not have, and begins with the first request after midnight of "
    "the thirty-first; the nightly renewals of the same image fail with it too. Program and settings are ten weeks "
    "old and sold memberships last evening. No start helps and there is no recent release to go back to: a person has "
    "to correct it, or it heals tomorrow and comes again.",
    expect=[Fault("Deployment/membership-api", "code_defect", "page_human")],
    acceptable=[
        ("code_defect", "page_human", "CronJob/renewals"),
        ("code_defect", "page_human", "Job/renewals-29802360"),
    ],
    forbidden=[
        "restart_workload",
        "rollback_workload",
        "scale_workload",
        "scale_database",
        "no_action",
        "isolate_workload",
        "restart_connection_pool",
    ],
)
def thirty_first(w: World) -> None:
    nodes(w, "gc-1", "gc-2")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(300))
    base = postgres(w, "gym-db", image="postgres:16.9")
    image, env = "registry.gymchain.example", {"DATABASE_HOST": "gym-db", "TZ": "UTC"}
    api = well(w, "membership-api", f"{image}/membership:3.22.0", age=days(70), port=8000, env=env,
               before=f"{image}/membership:3.21.4")  # fmt: skip
    gate = well(w, "turnstiles", f"{image}/turnstiles:2.8", age=days(24), env=env)
    site = well(w, "gym-site", f"{image}/gym-site:619", pods=2, age=hours(17), before=f"{image}/gym-site:618",
                port=3000, env={"MEMBERSHIP_URL": "http://membership-api"})  # fmt: skip
    ingress(w, "gym", "www.gymchain.example", [("/", "gym-site", 80)])
    inner = container("renewals", f"{image}/membership:3.22.0", port=0, ready=None, env=env,
                      command=("python", "-m", "membership.renewals"))  # fmt: skip
    began = hours(6.2)
    run = job(w, "renewals-29802360", pod_spec(inner), age=began, pods=failed_tries(began, count=4, lasts=6),
              failed="BackoffLimitExceeded", cron="renewals", schedule="0 2 * * *")  # fmt: skip
    code = "/app/membership"
    tail = (
        f'  File "{code}/billing/terms.py", line 27, in next_due\n'
        "    return first.replace(month=first.month % 12 + 1, year=first.year + first.month // 12)\n"
        "           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "ValueError: day is out of range for month"
    )
    for number in range(4):
        begun = began - 9 - sum(9 + 10 * 2**k for k in range(number))
        text = (
            f'Traceback (most recent call last):\n  File "{code}/renewals.py", line 44, in main\n'
            f"    contract.due = next_due(contract.due)\n                   ^^^^^^^^^^^^^^^^^^^^^^\n{tail}"
        )
        log(w, run, number, "python", [
            L(begun + 2, "info", "418 contracts due on 2026-08-31", "membership.renewals"),
            L(begun, "error", f"run failed, nothing was written\n{text}", "membership.renewals"),
        ])  # fmt: skip
    for index in range(2):
        sold = often(
            1500,
            hours(12.5) - 137 * index,
            hours(8.4),
            "info",
            ["POST /memberships 201 plan=flex"],
            "membership.access",
        )
        seen = often(
            1700,
            hours(12.4) - 201 * index,
            60,
            "info",
            ["GET /memberships/{n} 200", "GET /plans 200"],
            "membership.access",
        )
        text = (
            "Internal Server Error: POST /memberships\nTraceback (most recent call last):\n"
            f'  File "{code}/api/contracts.py", line 88, in create\n'
            "    due = next_due(date.today())\n"
            f"          ^^^^^^^^^^^^^^^^^^^^^^\n{tail}"
        )
        times = (hours(8.19), hours(6.9), hours(2.1), hours(1.4), minutes(47), minutes(20), minutes(6))
        lines = [L(age - 71 * index, "error", text, "membership.api") for age in times]
        log(w, api, index, "python", [*sold, *seen, *lines])
        good = often(800, hours(12.6) - 90 * index, hours(8.3), "info", ["sign-up {n} done", "GET /studios 200"])
        good += often(950, hours(8.1) - 90 * index, 30, "info", ["GET /studios 200", "GET /plans 200"])
        lost = [L(age - 71 * index, "error", "sign-up failed: POST membership-api/memberships 500") for age in times]
        log(w, site, index, "pino", [*good, *lost])
        log(
            w,
            gate,
            index,
            "logfmt",
            often(140, hours(2.5) - 33 * index, 9, "info", ["member {n} in, gate 2", "member {n} out"]),
        )
    log(w, base, 0, "postgres", often(600, hours(9), 40, "log", ["checkpoint starting: time"]))
    alert(w, "MembershipSignupsFailing", hours(1.3), "every sign-up of the last hour failed", service="membership-api")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "the-login-page-asks-for-a-login",
    "theatre-tickets",
    "2026-10-08T18:34:00",
    title="Nobody can sign in: since its release the account site redirects its own login page to the login page",
    drawn_from="ERR_TOO_MANY_REDIRECTS after a skipped before_action was lost from the controller of the login itself",
    why="The log shows the login's own controller halted by the filter that asks for a login, from the start of the "
    "release; environment and all else are as before. Browsers go round, so that the rate is ten times as high with "
    "never an error, while the identity service behind has nothing to do. It is no crowd and no attack; the older "
    "release signed people in.",
    expect=[Fault("Deployment/account-site", "code_defect", "rollback_workload")],
    acceptable=[("configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "isolate_workload",
        "no_action",
        {"remedy": "rollback_workload", "target": "Deployment/identity"},
        {"remedy": "rollback_workload", "target": "Deployment/seat-shop"},
    ],
)
def circles(w: World) -> None:
    nodes(w, "tt-1", "tt-2", "tt-3")
    secret(w, "account-site", ["SECRET_KEY_BASE"], age=days(400))
    image, cut, host = "registry.theatre.example", minutes(26), "https://account.theatre.example"
    env = {"RAILS_ENV": "production", "IDENTITY_URL": "http://identity", "RAILS_LOG_TO_STDOUT": "1"}
    site = well(w, "account-site", f"{image}/account-site:2026.41", pods=3, age=cut, port=3000, env=env,
                before=f"{image}/account-site:2026.40")  # fmt: skip
    ident = well(w, "identity", f"{image}/identity:5.3.2", pods=2, age=days(15))
    shop = well(w, "seat-shop", f"{image}/seat-shop:9.7.0", pods=3, age=minutes(41), before=f"{image}/seat-shop:9.6.8",
                env={"ACCOUNT_URL": host})  # fmt: skip
    prints = well(w, "ticket-printer", f"{image}/ticket-printer:1.14", pods=1, age=days(80))
    ingress(w, "account", "account.theatre.example", [("/", "account-site", 80)])
    ingress(w, "shop", "www.theatre.example", [("/", "seat-shop", 80)])
    for index in range(3):
        begun = cut - 14 - 9 * index
        said = [f"* Listening on http://0.0.0.0:3000 ({w.at(begun)})"]
        for turn, age in enumerate(range(int(begun) - 20, 4, -83)):
            client, mark = f"203.0.113.{30 + 7 * turn % 200}", f"[{index}f{turn:02}c4e1-77ab]"
            path = "/login?return_to=%2Flogin" if turn % 3 else "/login?return_to=%2Forders"
            when = f"{w.time(age):%Y-%m-%d %H:%M:%S} +0000"
            said += [
                f'{mark} Started GET "{path}" for {client} at {when}',
                f"{mark} Processing by SessionsController#new as HTML",
                f"{mark} Redirected to {host}/login?return_to=%2Flogin",
                f"{mark} Filter chain halted as :require_login rendered or redirected",
                f"{mark} Completed 302 Found in {2 + turn % 3}ms (ActiveRecord: 0.0ms | Allocations: {811 + turn})",
            ]
        log(w, site, index, "plain", [L(0, "", text) for text in said])
        told = ["GET /plays/{n} 200 18ms", "GET /me 302 to account.theatre.example", "POST /seats/{n}/hold 201 44ms"]
        lines = [L(minutes(40.7), "info", "seat-shop 9.7.0 listening on :8080")]
        log(w, shop, index, "logfmt", [*lines, *often(24, minutes(40) - 4 * index, 2, "info", told)])
    for index in range(2):
        good = ["password check for user {n}: ok", "token issued for user {n}", "password check for user {n}: wrong"]
        log(w, ident, index, "zap", often(21, hours(1) - 7 * index, cut - 9, "info", good))
    log(w, prints, 0, "logfmt", often(60, 3400, 9, "info", ["ticket {n} printed at box office 2"]))
    requests(w, "account-site", rate=step(11, 118, cut, over=120), errors=flat(0.0003), p95=step(0.12, 0.012, cut))
    requests(w, "identity", rate=step(5.2, 0.02, cut, over=120), errors=flat(0.0002), p95=flat(0.08))
    requests(w, "seat-shop", rate=flat(34), errors=flat(0.0004), p95=flat(0.11))
    calls(w, "account-site", "identity", 0.08)
    measured(w, site, 0.52, prior=0.2)
    measured(w, ident, step(0.31, 0.04, cut))
    for of in (shop, prints):
        measured(w, of, 0.18)
    machines(w, 0.33)
    alert(w, "SignInsDropped", minutes(19), "2 sign-ins in ten minutes; usual at this hour are 1400", team="accounts")
