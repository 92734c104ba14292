"""Lines in which a server tells how it answered a request, in the forms in which frameworks write them."""

from __future__ import annotations

import pytest

from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.view.askers import answer_of, of_probe

TELLS = {
    '10.0.0.7 - - [30/Nov/2026:04:13:57 +0000] "POST /v2/baskets HTTP/1.1" 400 87': 400,
    'INFO:     10.1.2.3:5555 - "POST /v2/baskets HTTP/1.1" 422 Unprocessable Entity': 422,
    "[04:13:57 INF] HTTP POST /v2/baskets responded 400 in 8.7691 ms": 400,
    '{"@mt":"HTTP {RequestMethod} {RequestPath} responded {StatusCode} in {Elapsed:0.0000} ms","RequestMethod":"POST",'
    '"RequestPath":"/v2/baskets","StatusCode":400,"Elapsed":8.7691}': 400,
    "info: Microsoft.AspNetCore.Hosting.Diagnostics[2] Request finished HTTP/1.1 POST http://cart:8080/v2/baskets "
    "application/json 43 - 400 120 application/problem+json 3.1ms": 400,
    "Request finished HTTP/2 GET https://cart/v2/baskets/7 - - - 404 0 - 1.0ms": 404,
    '[GIN] 2026/11/30 - 04:13:57 | 405 |    1.2ms |        10.0.0.7 | POST     "/v2/baskets"': 405,
    '{"level":30,"req":{"id":1,"method":"POST","url":"/v2/baskets"},"res":{"statusCode":422},"responseTime":3}': 422,
    "level=info msg=request method=POST path=/v2/baskets status=404 duration=3ms": 404,
}
SOUNDS_LIKE = (
    'level=error msg="charge failed" method=POST url=http://payments:8080/charge status=503',
    '"Response" verb="GET" url="https://10.96.0.1:443/api/v1/nodes" status="403 Forbidden" milliseconds=2',
    "[04:13:57 INF] HTTP GET /v2/baskets responded within 400 ms",
    "info: Request starting HTTP/1.1 POST http://cart:8080/v2/baskets application/json 400",
    "[GIN-debug] POST   /v2/baskets               --> main.save (400 handlers)",
    '{"level":50,"msg":"checkout failed","err":{"statusCode":422,"message":"Request failed with status code 422"}}',
    'info: listening, StatusCode 400 is answered by "/errors"',
)


@pytest.mark.parametrize(("line", "status"), TELLS.items())
def test_an_answer_is_read(line: str, status: int) -> None:
    assert status_of(line) == status


@pytest.mark.parametrize("line", SOUNDS_LIKE)
def test_what_tells_of_no_answer_is_none(line: str) -> None:
    assert status_of(line) == 0
    assert answer_of(line) == 0


PROBES = (
    '10.0.0.7 - - [30/Nov/2026:04:13:57 +0000] "GET /healthz HTTP/1.1" 200 2 "-" "kube-probe/1.31"',
    '10.0.0.7 - - [30/Nov/2026:04:13:57 +0000] "GET /metrics HTTP/1.1" 200 8812',
    '10.0.0.7 - - [30/Nov/2026:04:13:57 +0000] "GET /api/health/ready?full=1 HTTP/1.1" 503 12',
    '10.0.0.7 - - [30/Nov/2026:04:13:57 +0000] "GET / HTTP/1.1" 200 2 "-" "Health-Check/2.0"',
    '{"level":30,"req":{"id":1,"method":"GET","url":"/ready"},"res":{"statusCode":200},"responseTime":3}',
    "readiness: GET http://10.0.0.9:8080/ready answered 503",
)
NO_PROBES = (
    'WARN 10.0.0.7 - "POST /v2/baskets HTTP/1.1" 404 10 (only GET /metrics, /health are served here)',
    '10.0.0.7 - - [30/Nov/2026:04:13:57 +0000] "GET /v2/baskets HTTP/1.1" 200 87 "https://shop.example/status" "M/5.0"',
    "level=info msg=request method=POST path=/v2/baskets status=404 hint=/metrics",
    "level=info msg=request method=POST path=/v2/baskets status=404",
)


@pytest.mark.parametrize("line", PROBES)
def test_who_asks_only_whether_it_is_there_is_a_probe(line: str) -> None:
    assert of_probe(line)


@pytest.mark.parametrize("line", NO_PROBES)
def test_what_is_told_beside_a_request_makes_no_probe_of_it(line: str) -> None:
    assert not of_probe(line)
