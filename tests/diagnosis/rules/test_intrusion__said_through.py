"""Tools of a shell that speak where a tool speaks that converts files of strangers, and what only sounds like them."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP
from tests.diagnosis.rules.test_intrusion__converted import METER, WHOLE, copied
from tests.diagnosis.rules.test_intrusion__obeyed import DROP, ID, RESTARTS, THIEF, may_be_a_test, site

START = (3000, "INFO ready")
GETS = f"WARNING/Worker-3 previews.convert: gs stderr: --2026-03-04 11:45:00--  http://{DROP}/s.sh"
SAVES = "WARNING/Worker-3 previews.convert: gs stderr: Saving to: '/tmp/a'"
BY_GS = f"WARNING/Worker-3 previews.convert: gs stderr: {ID}"
UNAME = "Linux thumbs-7f 6.1.0-18-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01) x86_64 GNU/Linux"
FIELDS = '{"level":"warn","cmd":"/usr/bin/ffmpeg","job":7,"stderr":"%s","msg":"child wrote to stderr"}'
DENIED = "Error from server (Forbidden): secrets is forbidden: User cannot list resource secrets in the namespace shop"
OFFICE = "stderr[soffice/311] %s"
EXIF = "exiftool[4117]: %s"
NAMED = "WARN stdout of convert: --2026-03-04 11:45:00--  https://%s"

HOLDS = [
    *(
        Holds(
            f"tools of a shell speak where one that converts would: {what}",
            world,
            (SHOP, "security_incident", "isolate_workload"),
            excludes=no(*RESTARTS, at=SHOP),
            harmful=RESTARTS,
        )
        for what, world in (
            ("a script is fetched from a bare address, and who it is", site(START, (900, GETS), (899, BY_GS))),
            (
                "in a log of fields, on which system, and the cluster refuses",
                site(START, (900, FIELDS % UNAME), (800, FIELDS % DENIED)),
            ),
            ("who it is, and parts of a table are copied by hand", copied((900, OFFICE % ID), (899, OFFICE % UNAME))),
            (
                "who it is and on which system, by a path",
                site(START, (900, f"/usr/bin/identify: {ID}"), (899, f"/usr/bin/identify: {UNAME}")),
            ),
            ("who it is, and curl fetches", site(START, (900, EXIF % ID), (890, METER))),
            (
                "a script is fetched by a name, and whole tables are copied, and who it is",
                copied((900, NAMED % "evil.example.com/a/k.sh"), (850, OFFICE % ID), dumps=WHOLE),
            ),
            (
                "it has its own output piped",
                site(START, (950, "INFO gs -q -sOutputFile=%pipe%lpr a.ps"), (900, GETS), (899, BY_GS)),
            ),
        )
    ),
    may_be_a_test(
        "each conversion tells who it is",
        copied(*((2900 - 100 * n, BY_GS) for n in range(20)), (900, OFFICE % UNAME)),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world)
    for what, world in (
        ("it is told who runs a tool that converts, and nothing else", site(START, (900, BY_GS))),
        (
            "its own start tells who it is and on which system",
            site((3000, f"INFO starting as {ID}"), (2999, f"INFO {UNAME}"), (2998, "INFO convert: ready")),
        ),
        (
            "a picture is fetched from a bare address, and kept, and a colleague copies",
            copied((900, NAMED % f"{DROP}/banner.png"), (899, SAVES)),
        ),
        (
            "what has no ending is fetched from a bare address, and kept",
            site(START, (900, NAMED % f"{DROP}/banner"), (899, SAVES)),
        ),
        (
            "a script of the house is fetched, and a colleague copies",
            copied((900, NAMED % "10.2.0.4/fonts.sh"), (899, NAMED % "assets.shop.svc.cluster.local/fonts.sh")),
        ),
        (
            "a part of a program has the name of a tool",
            site(START, (900, f"INFO shop.convert: {ID}"), (899, f"INFO shop.convert: {UNAME}")),
        ),
        *(
            (
                f"a step of its start is called as a tool: {step}",
                site(START, (900, f"{step}: {ID}"), (899, f"{step}: {UNAME}")),
            )
            for step in ("identify", "convert", "gm", "gs")
        ),
        ("another child of it tells who it is", site(START, (900, f"sh stderr: {ID}"), (899, f"sh stderr: {UNAME}"))),
        (
            "a request speaks as a tool would",
            site(START, (900, f'{THIEF} - - "GET /?q={BY_GS} HTTP/1.1" 200 81'), (899, FIELDS % UNAME)),
        ),
        ("it runs its users' code, which speaks so", site(START, (900, GETS), (899, BY_GS), name="jupyterhub")),
    )
]
