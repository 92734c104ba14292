"""The words of servers and client libraries of many languages: what each is taken for, and what is no trouble."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.diagnosis.rules.tiny import log, snapshot
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.log_table import words
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.view import View

WORDS: dict[str, tuple[str, ...]] = {
    "database_authentication": (
        'FATAL: password authentication failed for user "app"',
        'Npgsql.PostgresException (0x80004005): 28P01: password authentication failed for user "app"',
        "ReplyError: WRONGPASS invalid username-password pair",
        "MongoServerError: Authentication failed.",
        "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN.",
        "SQLSTATE[HY000] [1045] Access denied for user",
        "PDOException: SQLSTATE[28000] [1045] (trying to connect via unix:///run/mysqld.sock)",
        "io.r2dbc.spi.R2dbcPermissionDeniedException: [1045] [28000] refused",
        "mysqli_sql_exception: (HY000/1045): refused",
        'code=28P01 msg="invalid_password"',
    ),
    "database_full": (
        "FATAL: sorry, too many clients already",
        "ERROR [SMTPWorker] psycopg.OperationalError: FATAL:  sorry, too many clients already",
        "ERROR [IMAP sync] SQLSTATE[08004] [1040] Too many connections",
        "SQLSTATE[HY000] [1040] Too many connections",
        "FATAL: remaining connection slots are reserved for roles with the SUPERUSER attribute",
        'FATAL: too many connections for database "shop"',
        "User app has exceeded the max_user_connections resource",
        "query_wait_timeout",
        "PostgresqlNonTransientResourceException: [53300] sorry",
    ),
    "unclean_end": (
        "Recovering 612 logs from /var/lib/kafka/data since no clean shutdown file was found",
        "[LogLoader partition=a-1, dir=/d] Recovering unflushed segment 15873918. 0/1 recovered for a-1.",
        "LOG:  database system was not properly shut down; automatic recovery in progress",
        "LOG:  database system was interrupted; last known up at 2026-03-04 11:00:00 UTC",
        "[Note] InnoDB: Starting crash recovery from checkpoint LSN=45646346",
        "[Note] InnoDB: Database was not shutdown normally!",
        '{"c":"STORAGE","id":22271,"msg":"Detected unclean shutdown - Lock file is not empty"}',
        'Message store "62...D/msg_store_persistent": rebuilding indices from scratch',
    ),
    "role_missing": (
        "SQLSTATE[HY000] [1049] Unknown database 'shop'",
        "SQLSTATE[42000] [1049] Base inconnue 'shop'",
        "Error: ER_BAD_DB_ERROR: shop",
        "mysqli_real_connect(): (HY000/1049): Base inconnue 'shop'",
        'sentinel: GetMasterAddrByName master="carts" failed: redis: nil',
        "ReplyError: ERR No such master with that name",
        "JedisException: Can connect to sentinel, but carts seems to be not monitored...",
    ),
    "mount_stale": (
        "OSError: [Errno 116] Stale file handle: '/srv/originals/7.jpg'",
        "open /data/index: stale NFS file handle",
        "Error: ESTALE: stale file handle, open '/srv/a.pdf'",
        "java.nio.file.FileSystemException: /srv/a.pdf: Stale file handle",
        "OSError: [Errno 107] Transport endpoint is not connected: '/mnt/media/a'",
        "ls: cannot access '/mnt/media': Transport endpoint is not connected",
        "open /mnt/media/a: transport endpoint is not connected",
        "Error: ENOTCONN: transport endpoint is not connected, open '/mnt/media/a'",
    ),
    "header_too_big": (
        "upstream sent too big header while reading response header from upstream",
        "Error: Parse Error: Header overflow HPE_HEADER_OVERFLOW",
        "UND_ERR_HEADERS_OVERFLOW HeadersOverflowError: Headers Overflow Error",
        "net/http: server response headers exceeded 10485760 bytes; aborted",
        "http.client.LineTooLong: got more than 65536 bytes when reading header line",
        "io.netty.handler.codec.http.TooLongHttpHeaderException: HTTP header is larger than 8192 bytes.",
    ),
    "value_malformed": (
        'net/http: invalid header field value for "Authorization"',
        "ValueError: Invalid header value b'Bearer abc\\n'",
        "InvalidHeader: Invalid leading whitespace, reserved character(s), or return character(s) in header value: 'x'",
        "httpx.LocalProtocolError: Illegal header value b'Bearer abc\\n'",
        'TypeError [ERR_INVALID_CHAR]: Invalid character in header content ["Authorization"]',
        'TypeError: Headers.append: "Bearer abc" is an invalid header value.',
        "IllegalArgumentException: Unexpected char 0x0a at 40 in Authorization value",
        "Illegal character(s) in message header value: Bearer abc",
        "ArgumentError: header field value cannot include CR/LF",
        "builder error: failed to parse header value",
        "System.FormatException: New-line characters are not allowed in header values.",
        "Header may not contain more than a single header, new line detected",
        "a header value contains prohibited character 0xa at index 31",
        'parse "https://api.maps.example/?key=abc": net/url: invalid control character in URL',
    ),
    "pool_exhausted": (
        "HikariPool-1 - Connection is not available, request timed out after 30000ms.",
        "QueuePool limit of size 5 overflow 10 reached, connection timed out",
        "psycopg_pool.PoolTimeout: couldn't get a connection after 30.00 sec",
        "TimeoutError: ResourceRequest timed out",
        "SequelizeConnectionAcquireTimeoutError",
        "ConnectionAcquireTimeoutError [SequelizeConnectionAcquireTimeoutError]: Operation timeout",
        "Error: timeout exceeded when trying to connect",
        "Knex: Timeout acquiring a connection. The pool is probably full.",
        "The connection pool has been exhausted, either raise 'Max Pool Size'",
        "Timeout expired.  The timeout period elapsed prior to obtaining a connection from the pool",
    ),
    "read_only_database": (
        "ERROR: cannot execute INSERT in a read-only transaction",
        "READONLY You can't write against a read only replica.",
        "The MySQL server is running with the --read-only option so it cannot execute this statement",
        "The MySQL server is running with the --super-read-only option",
        "NotWritablePrimary: not primary",
    ),
    "lock_wait": (
        "Lock wait timeout exceeded; try restarting transaction",
        "ERROR: deadlock detected",
        "Deadlock found when trying to get lock",
        "canceling statement due to lock timeout",
        "ERROR: canceling statement due to statement timeout",
    ),
    "connection_refused": (
        "connect ECONNREFUSED 10.0.0.1:5432",
        "[Errno 111] Connection refused",
        "SQLSTATE[HY000] [2002] Connection refused",
        "No connection could be made because the target machine actively refused it",
    ),
    "connection_timeout": (
        "context deadline exceeded",
        "connect ETIMEDOUT 10.0.0.1:5432",
        "java.net.SocketTimeoutException: connect timed out",
        "Read timed out",
        "HTTPConnectionPool: Read timed out. (read timeout=5)",
        "httpx.ConnectTimeout",
        "net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
        "upstream timed out (110: Connection timed out)",
        "Net::OpenTimeout",
    ),
    "connection_reset": (
        "read: connection reset by peer",
        "broken pipe",
        "terminating connection due to administrator command",
        "MySQL server has gone away",
        "socket hang up",
        "unexpected EOF",
        "SSL connection has been closed unexpectedly",
        "Connection reset",
    ),
    "dns": (
        "getaddrinfo ENOTFOUND postgres",
        "lookup postgres on 10.96.0.10:53: no such host",
        'could not translate host name "db" to address: Name or service not known',
        "php_network_getaddresses: getaddrinfo failed",
        "SERVFAIL",
        "[Errno -3] Try again",
    ),
    "certificate": (
        "x509: certificate has expired or is not yet valid",
        "CERT_HAS_EXPIRED",
        "self-signed certificate in certificate chain",
        "sun.security.validator.ValidatorException",
        "The remote certificate is invalid according to the validation procedure",
        "SSL routines:tls_process_server_certificate:certificate verify failed",
        "ERR_TLS_CERT_ALTNAME_INVALID",
    ),
    "disk_full": (
        "No space left on device",
        'could not extend file "base/1": No space left',
        "There is not enough space on the disk",
        "flood stage disk watermark [95%] exceeded",
        "Not enough disk space",
    ),
    "out_of_memory": (
        "java.lang.OutOfMemoryError: Java heap space",
        "fatal error: runtime: out of memory",
        "NoMemoryError: failed to allocate memory",
        "signal: killed",
    ),
    "configuration_missing": (
        "Error: missing required environment variable DATABASE_URL",
        "environment variable FOO is not set",
        "panic: required key FOO missing value",
        "config validation failed",
        "failed to load config",
        "Cannot find module '/app/config.json'",
        "django.core.exceptions.ImproperlyConfigured: Set the X environment variable",
        "Unable to find config file",
        "Failed to bind properties under 'spring.datasource'",
    ),
    "upstream_failure": (
        "googleapi: got HTTP response code 503 with body: backendError",
        "RESPONSE 503: 503 The server is busy. ERROR CODE: ServerBusy",
        "ERROR azure.core.exceptions.HttpResponseError: Operation could not be completed. ErrorCode:OperationTimedOut",
        "503 Service Unavailable",
        "upstream connect error or disconnect/reset before headers",
        "GET http://pay/charge 500",
        "HTTPError: 500 Server Error: Internal Server Error for url: http://pay/x",
        "CallNotPermittedException: CircuitBreaker 'pay' is OPEN",
        "feign.FeignException$ServiceUnavailable: [503]",
        "status=503 upstream=pay",
        "no live upstreams while connecting to upstream",
    ),
    "code_crash": (
        "panic: runtime error: index out of range",
        "TypeError: Cannot read properties of undefined",
        "PHP Fatal error:  Uncaught TypeError",
        "NoSuchMethodError",
        "fatal error: concurrent map writes",
        "InvalidOperationException",
        "Segmentation fault (core dumped)",
        "Cannot find module",
    ),
    "schema": (
        'ERROR: column "x" does not exist',
        "Table 'shop.x' doesn't exist",
        "42P01",
        "no such table",
        "Flyway: Validate failed: Migrations have failed validation",
        "ER_NO_SUCH_TABLE",
        "PDOException: SQLSTATE[HY000]: [1054] inconnu",
    ),
    "failover": (
        "the database system is starting up",
        "the database system is in recovery mode",
        "not leader for partition",
        "INFO: promoted self to leader by acquiring session lock",
    ),
    "lease_over": (
        "[WARN] (view) vault.read(database/creds/shop): renewer done (maybe the lease expired)",
        "error renewing credentials: lease is not renewable",
        "unable to renew secret database/creds/shop",
    ),
    "store_limit": (
        "this action would add [2] shards, but this cluster currently has [1000]/[1000] maximum shards open",
        "cannot declare queue 'orders': queue limit in vhost '/' (500) is reached",
        "nats: maximum number of streams reached",
        "Exceed maximum number of topics in namespace.",
        "partial write: max-series-per-database limit exceeded",
        'ERROR:  nextval: reached maximum value of sequence "orders_id_seq" (2147483647)',
        "Failed to read auto-increment value from storage engine",
    ),
    "archive_failed": (
        "LOG:  archive command failed with exit code 1",
        "ERROR: failed to upload 'wal_005/000000A3.br' to bucket 'wal': AccessDenied",
        "P00  ERROR: [104]: archive-push command failed: unable to load info file",
        "binlog upload failed: 403 Forbidden",
        "Error occurred while copying log segments of partition: orders-3",
    ),
    "cluster_split": (
        "mnesia_event got {inconsistent_database, running_partitioned_network, 'rabbit@rabbitmq-2'}",
        "[HAZELCAST] Split-brain detected, merging policy is not set",
        "WSREP: view(view_id(NON_PRIM,a1b2,41) memb {",
        "This server is not able to reach a majority of members in the group",
    ),
    "cluster_whole": ("Cluster partition was healed", "WSREP: Member 0.0 (galera-0) Synchronized with group, ready"),
    "lookup_obeyed": (
        "Error looking up JNDI resource [ldap://198.51.100.44:1389/a]. javax.naming.CommunicationException",
        "javax.naming.CommunicationException: rmi://198.51.100.44:1099/b",
    ),
    "tls_secret_missing": (
        'Error getting SSL certificate "town/x": local SSL certificate town/x was not found. Using default certificate',
        "Error configuring TLS: secret town/x does not exist",
        "using default certificate for town.example: secret town/x not found",
    ),
    "process_exhausted": (
        "accept4: too many open files",
        "java.lang.OutOfMemoryError: unable to create native thread",
        "connect: cannot assign requested address",
    ),
    "beyond_quota_of_cluster": ('pods "task" is forbidden: exceeded quota: team, requested: pods=1, used: pods=9',),
    "forbidden_by_cluster": ('leases "x" is forbidden: User "system:serviceaccount:town:api" cannot get resource',),
}
NOISE = (
    "GET /orders 200 12ms",
    "level=info msg=connected host=postgres",
    "checkpoint complete: wrote 42 buffers",
    "INFO config loaded from /etc/app/config.yaml",
    "validation failed for field email",
    "invalid value for coupon",
    "order 429 shipped",
    "503 items in the stock",
    "connection timeout=30",
    "certificate valid until 2027",
    "using default certificate",
    "leaderelection.go:297] failed to renew lease town/controller: stopped leading",
    "archived write-ahead log file 0000000400000AF3",
    "added 2 shards of [orders-17]",
    "partition orders-3 is led by broker 1",
    "2026-03-04 12:00:00.123 UTC [1045] LOG:  checkpoint starting: time",
    "2026-03-04 12:00:00.123 UTC [2006] LOG:  checkpoint starting: time",
    "2026-03-04 12:00:00.123 UTC [1146] LOG:  checkpoint starting: time",
    "2026-03-04 12:00:00.123 UTC [53300] shop@orders LOG:  duration: 12.3 ms",
    "2026-03-04 12:00:00.123 UTC [42703]: [4-1] LOG:  duration: 12.3 ms",
    "Skipping recovery for all logs in /var/lib/kafka/data since clean shutdown file was found",
    '2026-03-04 12:00:00.123 UTC [1049] LOG:  listening on IPv4 address "0.0.0.0", port 5432',
)
TIMES = (
    "2026-03-04T12:00:00.123456789Z x",
    "2026/03/04 12:00:00 [error] 12#12: x",
    '10.0.0.1 - - [04/Mar/2026:12:00:00 +0000] "GET / HTTP/1.1" 500',
    "1:M 04 Mar 2026 12:00:00.123 * x",
    "[04-Mar-2026 12:00:00] WARNING: x",
    "2026-03-04 12:00:00 +00:00 x",
    '{"time":1772625600123456789}',
    '{"epochSecond":1772625600}',
    "ts=1772625600 level=error",
)


@pytest.mark.parametrize(("trouble", "line"), [(t, line) for t, lines in WORDS.items() for line in lines])
def test_a_line_is_taken_for_what_it_tells(trouble: str, line: str) -> None:
    hits = View(snapshot(logs=[log("api-pod0", line)])).hits
    assert trouble in {hit.trouble for hit in hits}


@pytest.mark.parametrize("line", NOISE)
def test_ordinary_lines_tell_of_no_trouble(line: str) -> None:
    assert [trouble for trouble in words() if tells(trouble, line)] == []


@pytest.mark.parametrize("line", TIMES)
def test_times_are_read_in_the_forms_that_programs_write(line: str) -> None:
    found = stamp(line)
    assert found is not None
    assert found.replace(microsecond=0) == datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "host"),
    [
        ("[Producer clientId=p-1] Connection to node -1 (kafka/10.1.1.1:9092) could not be established", "kafka"),
        ("level=error msg=failed upstream=pay status=503", "pay"),
        ("server=pay.town.svc.cluster.local error=x connection refused", "pay.town.svc.cluster.local"),
        ('grpc: addrConn failed to connect to {Addr: "pay:50051"} connection refused', "pay"),
        ("Unable to connect to Redis at redis-master: connection refused", "redis-master"),
        ("SMTPConnectError smtp.mail.example:587 connection refused", "smtp.mail.example"),
    ],
)
def test_hosts_are_read_where_libraries_name_them(line: str, host: str) -> None:
    hits = View(snapshot(logs=[log("api-pod0", line)])).hits
    assert host in {each for hit in hits for each in hit.hosts}
