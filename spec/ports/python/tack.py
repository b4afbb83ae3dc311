#!/usr/bin/env python3
"""tack's machine in Python, written from the specification in spec/ alone.

The sections are the steps of spec/porting.md, in their order. Rules such as S10, D3 or F5 are those of spec/behaviour.md; names
in events, effects and states are those of its written form. Python 3.9 or later, standard library only.

Run as a program, it answers the requests of spec/formats.md on standard input:

    npx tack conform -- python3 spec/ports/python/tack.py
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple

Json = Any
Event = Dict[str, Json]
Effect = Dict[str, Json]
Report = Dict[str, Json]

VERSION = 1
MAX_SAFE = 2**53 - 1
FUTURE_US = 300_000_000  # D1: more than 5 min after its receipt, a stamp is from the future


# ---------------------------------------------------------------------------------------------------------------------------
# 1. Identifiers (F3)
#
# Every pattern is put to the whole text by fullmatch: `$` would also match before a final newline.

MAX_DID = 2048
MAX_NANOS = str(2**63 - 1)
TID_DIGITS = "234567abcdefghijklmnopqrstuvwxyz"

_DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._-]")
_RKEY = re.compile(r"[A-Za-z0-9_~.:-]{1,512}")
_TID = re.compile(r"[2-7a-j][2-7a-z]{12}")
_NSID = re.compile(
    r"[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"  # the first label of a reversed host name
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+"  # its other labels
    r"\.[A-Za-z][A-Za-z0-9]{0,62}"  # the name
)
_NANOS = re.compile(r"0|[1-9][0-9]{0,18}")


def is_did(text: str) -> bool:
    return len(text) <= MAX_DID and _DID.fullmatch(text) is not None


def is_rkey(text: str) -> bool:
    return _RKEY.fullmatch(text) is not None and text not in (".", "..")


def is_tid(text: str) -> bool:
    return _TID.fullmatch(text) is not None


def is_nsid(text: str) -> bool:
    return len(text) <= 317 and _NSID.fullmatch(text) is not None


def is_nanos(text: str) -> bool:
    """Plain digits from 0 to 2⁶³−1, without leading zero."""
    return _NANOS.fullmatch(text) is not None and (len(text) < len(MAX_NANOS) or text <= MAX_NANOS)


def tid_time_us(tid: str) -> int:
    """F3: the first 11 characters, in base 32. 54 bits, which is no trouble to Python's integers."""
    time = 0
    for character in tid[:11]:
        time = time * 32 + TID_DIGITS.index(character)
    return time


def is_tid_after(tid: str, time_us: int, tolerance_us: int = 0) -> bool:
    return tid_time_us(tid) > time_us + tolerance_us


# ---------------------------------------------------------------------------------------------------------------------------
# 2. Host names and excerpts (F5)

_UPPER = re.compile(r"[A-Z]+")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_SURROGATE = re.compile("[\ud800-\udfff]")
EXCERPT_UNITS = 120


def host_name(hosts: Dict[str, Json], text: str) -> Optional[str]:
    """The canonical form of the name of a knot, under a host policy, or None: refused, not repaired (D6, F5)."""
    name, colon, port = text.partition(":")
    if colon and not (hosts["ports"] and _PORT.fullmatch(port) and int(port) <= 65535):
        return None
    name = _UPPER.sub(lambda found: found[0].lower(), name)  # ASCII alone: by Unicode, the Kelvin sign would become a k
    if name.endswith("."):
        name = name[:-1]
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    if labels[-1].isdigit() or labels[-1].startswith("0x"):
        return None  # an address, to whoever dials it
    if labels[-1] == "localhost" and not hosts["loopback"]:
        return None
    return f"{name}:{port}" if colon and int(port) != hosts["defaultPort"] else name


def is_host_name(text: str) -> bool:
    """Whether this is canonical under some policy; 0 is no port, so each that is written must be kept."""
    return host_name({"defaultPort": 0, "loopback": True, "ports": True}, text) == text


def well_formed(text: str) -> str:
    """S9: lone surrogates become U+FFFD. (Pairs are one character to Python's JSON parser.)"""
    return _SURROGATE.sub("\ufffd", text)


def excerpt(text: str) -> str:
    """Foreign text as reports repeat it: its first 120 UTF-16 code units, `…` if that is not all, and well-formed."""
    if len(text) <= EXCERPT_UNITS // 2:
        return well_formed(text)
    units = text.encode("utf-16-le", "surrogatepass")
    head = well_formed(units[: 2 * EXCERPT_UNITS].decode("utf-16-le", "surrogatepass"))
    return head if len(units) <= 2 * EXCERPT_UNITS else head + "…"


def excerpt_or_null(value: Json) -> Optional[str]:
    return excerpt(value) if isinstance(value, str) else None


# ---------------------------------------------------------------------------------------------------------------------------
# 3. Canonical JSON and the hash (formats.md)

_encode_sorting = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def canonical(value: Json) -> str:
    """The one text of a value of the machine: all its keys are ASCII, where code points sort as UTF-16 does."""
    return _encode_sorting(value)


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def utf16(text: str) -> bytes:
    """What text sorts by: UTF-16 code units. For ASCII, and below U+D800, that is the order of code points, which Python has."""
    return text.encode("utf-16-be", "surrogatepass")


def canonical_of(text: str) -> str:
    """The canonical text of any JSON text, with keys beyond U+FFFF where UTF-16 puts them, and not code points."""

    def ordered(value: Json) -> Json:
        if isinstance(value, dict):
            return {key: ordered(value[key]) for key in sorted(value, key=utf16)}
        return [ordered(each) for each in value] if isinstance(value, list) else value

    return _encode(ordered(json.loads(text, parse_float=_integer, parse_constant=_no_constant)))


def _integer(text: str) -> Json:
    """`1e3` and `1.0` are spellings of integers; other fractions are left for readers to refuse."""
    double = float(text)
    return int(double) if double.is_integer() else double


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


# ---------------------------------------------------------------------------------------------------------------------------
# 4. The wire: text to event, total (S6–S10, F1, F2, F4, Frames)

MEMBER, REPO, COLLABORATOR = "sh.tangled.spindle.member", "sh.tangled.repo", "sh.tangled.repo.collaborator"

RECORD_FIELDS = {  # S9: what is read of a record; all of it is text
    MEMBER: ("instance", "subject", "createdAt"),
    REPO: ("knot", "name", "spindle", "repoDid", "createdAt"),
    COLLABORATOR: ("repo", "repoDid", "subject", "createdAt"),
}


class Number(NamedTuple):
    """A number as it stands in the text: what it means is for its reader to say (F1; `created` of a knot)."""

    text: str


_parse_frame = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=_no_constant).decode


class Rejected(Exception):
    """Why a frame is rejected, and what its rejection can name."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail
        self.time_us: Optional[int] = None
        self.frame: Dict[str, Json] = {}
        self.commit: Dict[str, Json] = {}


def parse_object(text: str) -> Dict[str, Json]:
    """An object, or a rejection. That of equal keys the last counts, and a byte order mark is no JSON, Python's parser sees to."""
    try:
        frame = _parse_frame(text)
    except (ValueError, RecursionError) as error:  # nested deeper than the parser goes: gotchas.md, Depth
        raise Rejected("json", f"not JSON: {error}") from None
    if not isinstance(frame, dict):
        raise Rejected("frame", "JSON, but not an object")
    return frame


def read_time_us(value: Json) -> Optional[int]:
    """F1: read as a double, an integer from 0 to 2⁵³−1."""
    if not isinstance(value, Number):
        return None
    double = float(value.text)
    return int(double) if 0 <= double <= MAX_SAFE and double.is_integer() else None


def read_record(collection: str, record: Json) -> Optional[Dict[str, str]]:
    """S9: absent, null and "" are one thing; None for a bad record."""
    if not isinstance(record, dict):
        return None
    row = {}
    for name in RECORD_FIELDS[collection]:
        value = record.get(name)
        if value is None:
            value = ""
        if not isinstance(value, str):
            return None
        row[name] = well_formed(value)
    return row


def decode_frame(at: int, connection: int, text: str) -> Event:
    """A frame of Jetstream. Whatever the text, the answer is an event."""
    try:
        return {"at": at, "connection": connection, **_read_frame(parse_object(text))}
    except Rejected as rejected:
        return reject_frame(at, connection, rejected)


def reject_frame(at: int, connection: int, rejected: Rejected) -> Event:
    """The event of a rejection. (A shell calls this for what never became text: `size`, `binary`, `utf8`.)"""
    return {
        "_tag": "FrameRejected",
        "at": at,
        "collection": excerpt_or_null(rejected.commit.get("collection")),
        "connection": connection,
        "detail": rejected.detail,
        "did": excerpt_or_null(rejected.frame.get("did")),
        "operation": excerpt_or_null(rejected.commit.get("operation")),
        "reason": rejected.reason,
        "rkey": excerpt_or_null(rejected.commit.get("rkey")),
        "timeUs": rejected.time_us,
    }


def _read_frame(frame: Dict[str, Json]) -> Event:
    """F2: time_us, DID, kind, collection, rkey, operation, record; the first that fails is the reason."""
    time_us = read_time_us(frame.get("time_us"))
    try:
        if time_us is None:
            raise Rejected("time", "time_us is no integer from 0 to 2^53-1")
        did = frame.get("did")
        if not (isinstance(did, str) and is_did(did)):
            raise Rejected("did", "did is not a DID")
        kind = frame.get("kind")
        if kind == "account":
            return _read_account(frame.get("account"), did, time_us)
        if kind == "commit" and frame.get("commit") is not None:
            return _read_commit(frame["commit"], did, time_us)
        return _advanced(time_us)  # S6
    except Rejected as rejected:
        rejected.time_us, rejected.frame = time_us, frame
        raise


def _advanced(time_us: int) -> Event:
    return {"_tag": "StreamAdvanced", "count": 1, "firstUs": time_us, "lastUs": time_us}


def _read_account(account: Json, did: str, time_us: int) -> Event:
    active = account.get("active") if isinstance(account, dict) else None
    if not isinstance(active, bool):
        raise Rejected("account", "account.active is no boolean")  # F4
    status = excerpt_or_null(account.get("status"))
    return {"_tag": "AccountReceived", "active": active, "did": did, "status": status, "timeUs": time_us}


def _read_commit(commit: Json, did: str, time_us: int) -> Event:
    if not isinstance(commit, dict):
        raise Rejected("commit", "commit is no object")
    try:
        return _read_operation(commit, did, time_us)
    except Rejected as rejected:
        rejected.commit = commit  # all that it names, also what was not looked at yet
        raise


def _read_operation(commit: Dict[str, Json], did: str, time_us: int) -> Event:
    collection, rkey, operation, rev = (commit.get(name) for name in ("collection", "rkey", "operation", "rev"))
    if collection is not None and not isinstance(collection, str):
        raise Rejected("collection", "collection is not text")
    if collection not in RECORD_FIELDS:
        return _advanced(time_us)  # S7
    if not (isinstance(rkey, str) and is_rkey(rkey)):
        raise Rejected("rkey", "rkey is not a record key")
    if operation is not None and not isinstance(operation, str):
        raise Rejected("operation", "operation is not text")
    if operation not in ("create", "update", "delete"):
        return _advanced(time_us)  # S8
    record = None
    if operation != "delete":
        record = read_record(collection, commit.get("record"))
        if record is None:
            raise Rejected("record", f"not a record of {collection}")  # S10
    return {
        "_tag": "CommitReceived",
        "collection": collection,
        "did": did,
        "record": record,
        "rev": rev if isinstance(rev, str) and is_tid(rev) else None,
        "rkey": rkey,
        "timeUs": time_us,
    }


def decode_knot_frame(at: int, connection: int, host: str, text: str) -> Event:
    """A frame of a knot: nsid, rkey, created. `created` does not fit a double, so its digits are taken from the text."""
    event: Event = {"at": at, "connection": connection, "host": host}
    try:
        frame = parse_object(text)
        nsid, rkey, created = frame.get("nsid"), frame.get("rkey"), frame.get("created")
        if not (isinstance(nsid, str) and is_nsid(nsid)):
            raise Rejected("nsid", "nsid is not an NSID")
        if not (isinstance(rkey, str) and is_rkey(rkey)):
            raise Rejected("rkey", "rkey is not a record key")
        if created is not None and not (isinstance(created, Number) and is_nanos(created.text)):
            raise Rejected("created", "created is no plain digits up to 2^63-1")
        stamp = None if created is None else created.text
        return {"_tag": "KnotReceived", **event, "created": stamp, "nsid": nsid, "rkey": rkey}
    except Rejected as rejected:
        return {"_tag": "KnotFrameRejected", **event, "detail": rejected.detail, "reason": rejected.reason}


# ---------------------------------------------------------------------------------------------------------------------------
# 5. Configuration, events, reports: what else comes in, written (The written form)
#
# A reader takes a JSON value and gives it back without the keys it does not know, or raises Refused. Readers are made of readers
# as the schemas in spec/schema/ are made of schemas.

Reader = Callable[[Json], Json]


class Refused(Exception):
    """What is written cannot be understood; nothing is made of it."""


def refuse(value: Json, wanted: str) -> Json:
    raise Refused(f"wanted {wanted}, got {json.dumps(value)[:80]}")


def a_text(value: Json) -> str:
    return value if isinstance(value, str) else refuse(value, "text")


def a_boolean(value: Json) -> bool:
    return value if isinstance(value, bool) else refuse(value, "a boolean")


def integer(low: int, high: int) -> Reader:
    def read(value: Json) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        return refuse(value, f"an integer from {low} to {high}")

    return read


def such(is_such: Callable[[str], bool], wanted: str) -> Reader:
    def read(value: Json) -> str:
        return value if isinstance(value, str) and is_such(value) else refuse(value, wanted)

    return read


def one_of(*values: str) -> Reader:
    return such(frozenset(values).__contains__, " or ".join(values))


def nullable(reader: Reader) -> Reader:
    return lambda value: None if value is None else reader(value)


def array(reader: Reader) -> Reader:
    return lambda value: [reader(each) for each in value] if isinstance(value, list) else refuse(value, "an array")


def entries(key_reader: Reader, reader: Reader) -> Reader:
    """A map: the array of its entries, keys strictly ascending. It becomes a dict, which keeps that order."""

    def read_entry(value: Json) -> Tuple[str, Json]:
        if not isinstance(value, list) or len(value) < 2:
            refuse(value, "an entry")
        return key_reader(value[0]), reader(value[1])

    def read(value: Json) -> Dict[str, Json]:
        pairs = array(read_entry)(value)
        if any(utf16(left) >= utf16(right) for (left, _), (right, _) in zip(pairs, pairs[1:])):
            refuse([key for key, _ in pairs], "keys that ascend")
        return dict(pairs)

    return read


def fields(**readers: Reader) -> Reader:
    def read(value: Json) -> Dict[str, Json]:
        if not isinstance(value, dict):
            refuse(value, "an object")
        for name in readers:
            if name not in value:
                refuse(value, f"a key {name}")
        return {name: reader(value[name]) for name, reader in readers.items()}

    return read


def by(key: str, **variants: Reader) -> Reader:
    """One of several objects, told apart by a key, which stays in what is read."""

    def read(value: Json) -> Dict[str, Json]:
        tag = value.get(key) if isinstance(value, dict) else None
        if not isinstance(tag, str) or tag not in variants:
            refuse(value, f"{key}: " + " or ".join(variants))
        return {key: tag, **variants[tag](value)}

    return read


a_natural = integer(0, MAX_SAFE)  # connection numbers, counts, milliseconds
a_time = integer(0, MAX_SAFE)
a_did = such(is_did, "a DID")
an_rkey = such(is_rkey, "a record key")
a_tid = such(is_tid, "a TID")
an_nsid = such(is_nsid, "an NSID")
nanoseconds = such(is_nanos, "nanoseconds")
a_host = such(is_host_name, "a canonical host name")

a_rejection = one_of(
    "size", "binary", "utf8", "json", "frame", "time", "did", "account", "commit", "collection", "rkey", "operation", "record"
)
a_knot_rejection = one_of("size", "binary", "utf8", "json", "frame", "nsid", "rkey", "created")

an_admission = one_of("members", "open")
a_hostname = such(bool, "text that is not empty")  # F6
a_host_policy = fields(defaultPort=integer(1, 65535), loopback=a_boolean, ports=a_boolean)
a_backoff = fields(baseMs=a_natural, capMs=a_natural, healthyAfterMs=a_natural)

read_config = fields(
    admission=an_admission,
    hostname=a_hostname,
    hosts=a_host_policy,
    jetstreamBackoff=a_backoff,
    knotBackoff=a_backoff,
    owner=a_did,
    rewindUs=a_time,
    toleranceUs=a_time,
)


of_stream = dict(at=a_time, connection=a_natural)
of_knot = dict(at=a_time, connection=a_natural, host=a_host)
of_rejection = dict(
    at=a_time,
    collection=nullable(a_text),
    detail=a_text,
    did=nullable(a_text),
    operation=nullable(a_text),
    reason=a_rejection,
    rkey=nullable(a_text),
)


def commit_of(collection: str) -> Reader:
    record = fields(**{name: a_text for name in RECORD_FIELDS[collection]})
    return fields(**of_stream, did=a_did, record=nullable(record), rev=nullable(a_tid), rkey=an_rkey, timeUs=a_time)


read_event = by(
    "_tag",
    Started=fields(at=a_time, config=read_config, resumeFrom=nullable(a_time)),
    StopRequested=fields(at=a_time),
    TimerFired=fields(
        at=a_time,
        timer=by("_tag", JetstreamTimer=fields(connection=a_natural), KnotTimer=fields(connection=a_natural, host=a_host)),
    ),
    JetstreamOpened=fields(**of_stream),
    JetstreamClosed=fields(**of_stream, poisoned=a_boolean),
    CommitReceived=by("collection", **{collection: commit_of(collection) for collection in RECORD_FIELDS}),
    AccountReceived=fields(**of_stream, active=a_boolean, did=a_did, status=nullable(a_text), timeUs=a_time),
    StreamAdvanced=fields(**of_stream, count=a_natural, firstUs=a_time, lastUs=a_time),
    FrameRejected=fields(**of_rejection, connection=a_natural, timeUs=nullable(a_time)),
    KnotOpened=fields(**of_knot),
    KnotClosed=fields(**of_knot),
    KnotReceived=fields(**of_knot, created=nullable(nanoseconds), nsid=an_nsid, rkey=an_rkey),
    KnotFrameRejected=fields(**of_knot, detail=a_text, reason=a_knot_rejection),
)

read_report = by(
    "_tag",
    FrameRejected=fields(**of_rejection),
    FrameFromFuture=fields(at=a_time, did=nullable(a_did), timeUs=a_time),
    Gap=fields(askedUs=a_time, at=a_time, gotUs=a_time),
    KnotRefused=fields(at=a_time, did=a_did, knot=a_text, rkey=an_rkey),
    KnotFrameRejected=fields(at=a_time, detail=a_text, host=a_host, reason=a_knot_rejection),
    KnotFrameFromFuture=fields(at=a_time, created=nanoseconds, host=a_host),
)


# ---------------------------------------------------------------------------------------------------------------------------
# 6. Connections and the cursor of the stream (S3–S5, S11, D1, D2, D9, D10, D12)

Pair = Tuple[List[Effect], List[Report]]

PASS_FROM = 3  # D12: the poisonous loss from which on a frame is passed
PASS_US = 1_000_000
POWER_LIMIT = 30


@dataclass
class Connection:
    """What the stream and each knot have: see the table of behaviour.md, Connections."""

    number: int
    attempt: int = 0
    phase: str = "Idle"
    opened_at: int = 0

    @classmethod
    def read(cls, value: Json) -> Connection:
        read = _read_connection(value)
        phase = read["phase"]
        return cls(read["number"], read["attempt"], phase["_tag"], phase.get("openedAt", 0))

    def written(self) -> Json:
        phase: Json = {"_tag": self.phase}
        if self.phase == "Open":
            phase["openedAt"] = self.opened_at
        return {"attempt": self.attempt, "number": self.number, "phase": phase}

    def is_up(self) -> bool:
        return self.phase in ("Connecting", "Open")

    def begin(self, number: int, phase: str) -> None:
        self.number, self.attempt, self.phase = number, 0, phase

    def open(self, at: int) -> None:
        if self.phase == "Connecting":
            self.phase, self.opened_at = "Open", at

    def pause(self, at: int, backoff: Json, number: int, timer: Json) -> List[Effect]:
        """D9: a pause before the next attempt. One that lasted counts from 0 again, which is judged as it closes."""
        is_healthy = self.phase == "Open" and at - self.opened_at >= backoff["healthyAfterMs"] * 1000
        paused = 0 if is_healthy else self.attempt
        self.number, self.attempt, self.phase = number, paused + 1, "Waiting"
        high_ms = min(backoff["capMs"], backoff["baseMs"] * 2 ** min(paused, POWER_LIMIT))
        return [{"_tag": "WakeAfter", "highMs": high_ms, "lowMs": 0, "timer": {**timer, "connection": number}}]


_read_connection = fields(
    attempt=a_natural,
    number=a_natural,
    phase=by("_tag", Idle=fields(), Connecting=fields(), Open=fields(openedAt=a_time), Waiting=fields()),
)


def stamps_of(event: Event) -> Optional[Tuple[int, int]]:
    """The first and the greatest stamp of a frame of the stream, if it has one that can be read."""
    if event["_tag"] == "StreamAdvanced":
        return event["firstUs"], event["lastUs"]
    return None if event["timeUs"] is None else (event["timeUs"], event["timeUs"])


def is_from_future(event: Event) -> bool:
    stamps = stamps_of(event)
    return stamps is not None and stamps[1] > event["at"] + FUTURE_US


def stamp_of(event: Event) -> int:
    """Accounts: a stamp from the future counts as of its receipt."""
    return event["at"] if is_from_future(event) else event["timeUs"]


STREAM_FRAMES = frozenset(("CommitReceived", "AccountReceived", "StreamAdvanced", "FrameRejected"))


@dataclass
class Stream:
    """The part `cursor`: how far the stream has come, and its connection."""

    settings: Json
    connection: Connection = field(default_factory=lambda: Connection(0))
    cursor: Optional[int] = None
    asked_us: Optional[int] = None
    passed_us: int = 0
    poisonings: int = 0
    reread_us: Optional[int] = None
    stopped: bool = False

    @staticmethod
    def settings_of(config: Json) -> Json:
        return {
            "backoff": config["jetstreamBackoff"],
            "rewindUs": config["rewindUs"],
            "toleranceUs": config["toleranceUs"],
        }

    @classmethod
    def read(cls, value: Json) -> Stream:
        read = _read_stream(value)
        if read["rereadUs"] is not None and (read["cursor"] is None or read["rereadUs"] >= read["cursor"]):
            refuse(read["rereadUs"], "a re-reading that lies before the cursor")
        return cls(
            read["settings"],
            read["connection"],
            read["cursor"],
            read["askedUs"],
            read["passedUs"],
            read["poisonings"],
            read["rereadUs"],
            read["stopped"],
        )

    def written(self) -> Json:
        return {
            "askedUs": self.asked_us,
            "connection": self.connection.written(),
            "cursor": self.cursor,
            "passedUs": self.passed_us,
            "poisonings": self.poisonings,
            "rereadUs": self.reread_us,
            "settings": self.settings,
            "stopped": self.stopped,
        }

    def position(self) -> Optional[int]:
        """S3: the cursor or, while what lies before it is read again, how far that has come."""
        return self.cursor if self.reread_us is None else self.reread_us

    def furthest(self) -> Optional[int]:
        known = [us for us in (self.position(), self.asked_us) if us is not None]
        return max(known) if known else None

    def resume_at(self) -> Optional[int]:
        """S3, S4: the moment that a connection asks for."""
        if self.poisonings >= PASS_FROM:
            return self.passed_us
        if self.asked_us is not None:
            return self.asked_us
        position = self.position()
        if position is None:
            return None
        return min(position, max(0, position - self.settings["rewindUs"], self.passed_us))

    def see(self, event: Event) -> Pair:
        tag = event["_tag"]
        if tag in STREAM_FRAMES:
            return [], self._frame(event)
        if tag == "Started":
            return self._started(event), []
        if tag == "StopRequested":
            return self._stopped(), []
        if tag == "JetstreamOpened" and event["connection"] == self.connection.number:
            self.connection.open(event["at"])
        if tag == "JetstreamClosed" and event["connection"] == self.connection.number and self.connection.is_up():
            return self._closed(event)
        if tag == "TimerFired" and event["timer"] == {"_tag": "JetstreamTimer", "connection": self.connection.number}:
            return self._woken(), []
        return [], []

    def _open(self) -> List[Effect]:
        self.asked_us = self.resume_at()
        return [{"_tag": "OpenJetstream", "connection": self.connection.number, "cursor": self.asked_us}]

    def _started(self, event: Event) -> List[Effect]:
        self.settings = self.settings_of(event["config"])
        self.stopped = False
        self.connection.begin(self.connection.number + 1, "Connecting")
        resume_from = event["resumeFrom"]
        if resume_from is not None:
            self.asked_us = resume_from
            self.poisonings = 0
            self.reread_us = resume_from if self.cursor is not None and resume_from < self.cursor else None
        return self._open()

    def _stopped(self) -> List[Effect]:
        if self.stopped:
            return []
        closes: List[Effect] = []
        if self.connection.is_up():
            closes.append({"_tag": "CloseJetstream", "connection": self.connection.number})
        self.stopped = True
        self.connection.begin(self.connection.number + 1, "Idle")
        return closes

    def _woken(self) -> List[Effect]:
        if self.connection.phase != "Waiting":
            return []
        self.connection.phase = "Connecting"
        return self._open()

    def _closed(self, event: Event) -> Pair:
        reports = self._poisoned(event["at"]) if event["poisoned"] else []
        timer = {"_tag": "JetstreamTimer"}
        return self.connection.pause(event["at"], self.settings["backoff"], self.connection.number + 1, timer), reports

    def _poisoned(self, at: int) -> List[Report]:
        """D12: from the third such loss on, step over what must lie there; 1 s, 2 s, 4 s, …"""
        furthest = self.furthest()
        if furthest is None:  # nothing to pass: from now is behind it already
            return []
        self.poisonings += 1
        if self.poisonings < PASS_FROM:
            return []
        self.passed_us = min(MAX_SAFE, furthest + PASS_US * 2 ** min(self.poisonings - PASS_FROM, 20))
        return [{"_tag": "Gap", "askedUs": furthest, "at": at, "gotUs": self.passed_us}]

    def _frame(self, event: Event) -> List[Report]:
        stamps = stamps_of(event)
        if stamps is None:
            return []
        first_us, last_us = stamps
        if is_from_future(event):  # D1: neither an answer, nor followed
            named = event["did"] if event["_tag"] in ("CommitReceived", "AccountReceived") else None
            return [{"_tag": "FrameFromFuture", "at": event["at"], "did": named, "timeUs": last_us}]
        reports = self._answered(event["at"], first_us)
        self._advance(last_us)
        return reports

    def _answered(self, at: int, time_us: int) -> List[Report]:
        """D10: the first event after a resume says where the server began."""
        asked_us, self.asked_us = self.asked_us, None
        if asked_us is None or asked_us <= time_us <= asked_us + self.settings["toleranceUs"]:
            return []
        return [{"_tag": "Gap", "askedUs": asked_us, "at": at, "gotUs": time_us}]

    def _advance(self, time_us: int) -> None:
        before = self.position()
        if self.reread_us is not None and self.cursor is not None:  # Reading again
            self.reread_us = max(self.reread_us, time_us) if time_us < self.cursor else None
        if self.cursor is None or time_us > self.cursor:
            self.cursor = time_us
        if self.position() != before:
            self.poisonings = 0


_read_stream = fields(
    askedUs=nullable(a_time),
    connection=Connection.read,
    cursor=nullable(a_time),
    passedUs=a_time,
    poisonings=a_natural,
    rereadUs=nullable(a_time),
    settings=fields(backoff=a_backoff, rewindUs=a_time, toleranceUs=a_time),
    stopped=a_boolean,
)


# ---------------------------------------------------------------------------------------------------------------------------
# 7. Commits: rows by account, gates, members, holds (S7–S10, S13, D3, D6, D7, D13, Accounts)

SLOTS_OF = {"members": MEMBER, "repos": REPO, "collaborators": COLLABORATOR}  # as a state names them


class Slot(NamedTuple):
    """What is kept at a key: a row, or a tombstone (None), with its gate."""

    record: Optional[Dict[str, Json]]
    rev: Optional[str]
    time_us: int


class Floor(NamedTuple):
    rev: Optional[str]
    time_us: int


@dataclass
class Account:
    active: bool
    as_of_us: int
    floor: Optional[Floor] = None
    slots: Dict[str, Dict[str, Slot]] = field(default_factory=lambda: {collection: {} for collection in RECORD_FIELDS})
    text: Optional[str] = None  # canonical, as long as nothing has changed

    @classmethod
    def read(cls, value: Json) -> Account:
        read = _read_account_state(value)
        floor = read["floor"]
        return cls(
            read["active"],
            read["asOfUs"],
            None if floor is None else Floor(floor["rev"], floor["timeUs"]),
            {
                collection: {key: Slot(slot["record"], slot["rev"], slot["timeUs"]) for key, slot in read[name].items()}
                for name, collection in SLOTS_OF.items()
            },
        )

    def written(self) -> Json:
        floor = self.floor
        account = {
            "active": self.active,
            "asOfUs": self.as_of_us,
            "floor": None if floor is None else {"rev": floor.rev, "timeUs": floor.time_us},
        }
        for name, collection in SLOTS_OF.items():
            account[name] = [
                [key, {"record": slot.record, "rev": slot.rev, "timeUs": slot.time_us}]
                for key, slot in sorted(self.slots[collection].items())
            ]
        return account

    def canonical(self) -> str:
        if self.text is None:
            self.text = canonical(self.written())
        return self.text

    def greatest_rev(self) -> Optional[str]:
        revs = [slot.rev for slots in self.slots.values() for slot in slots.values() if slot.rev is not None]
        if self.floor is not None and self.floor.rev is not None:
            revs.append(self.floor.rev)
        return max(revs, default=None)


def usable_rev(event: Event) -> Optional[str]:
    """D3: a TID whose time is at most 5 min after the event's own stamp; anything else counts as none."""
    rev = event["rev"]
    return None if rev is None or is_tid_after(rev, event["timeUs"], FUTURE_US) else rev


def is_above(floor: Optional[Floor], rev: Optional[str]) -> bool:
    """D5: whether a commit may pass what the deletion of its account has left."""
    if floor is None:
        return True
    return rev is not None and is_tid_after(rev, floor.time_us) and (floor.rev is None or rev > floor.rev)


def is_news(slot: Optional[Slot], rev: Optional[str], time_us: int) -> bool:
    """D3: the gate of a key."""
    if slot is None:
        return True
    if rev is None:
        return time_us > slot.time_us
    return slot.rev is None or rev > slot.rev


@dataclass
class Commits:
    """The part `commits`. Members and holders are derived from the rows, and kept up to date with them."""

    policy: Json
    accounts: Dict[str, Account] = field(default_factory=dict)
    members: Counter = field(default_factory=Counter)  # subject: how many live records make it a member
    holders: Dict[str, set] = field(default_factory=dict)  # host: the names of those that hold it
    was_held: Dict[str, bool] = field(default_factory=dict)  # of the hosts touched in this step: whether it was held before

    @staticmethod
    def policy_of(config: Json) -> Json:
        return {name: config[name] for name in ("admission", "hostname", "hosts", "owner")}

    def see(self, event: Event) -> List[Report]:
        tag = event["_tag"]
        if tag == "CommitReceived":
            return self._commit(event)
        if tag == "AccountReceived":
            self._account(event)
        elif tag == "Started":
            self._configure(self.policy_of(event["config"]))
        elif tag == "FrameRejected":
            return [{name: event[name] for name in ("_tag", *of_rejection)}]
        return []

    def holds(self) -> Tuple[List[str], List[str]]:
        """Which hosts this step has given their first holder, and which have lost their last; ascending."""
        touched, self.was_held = sorted(self.was_held.items()), {}
        gained = [host for host, before in touched if not before and host in self.holders]
        return gained, [host for host, before in touched if before and host not in self.holders]

    # Commits

    def _commit(self, event: Event) -> List[Report]:
        did, key, collection, time_us = event["did"], event["rkey"], event["collection"], event["timeUs"]
        rev = usable_rev(event)
        account = self.accounts.get(did)
        before = account.slots[collection].get(key) if account else None
        if account and not is_above(account.floor, rev):
            return []
        if not is_news(before, rev, time_us):
            return []
        record, reports = event["record"], []
        if record is not None and collection == REPO:
            knot = host_name(self.policy["hosts"], record["knot"])
            if knot is None and record["knot"] != "":  # D6
                refused = excerpt(record["knot"])
                reports.append({"_tag": "KnotRefused", "at": event["at"], "did": did, "knot": refused, "rkey": key})
            record = {**record, "knot": knot}
        if account is None:
            account = self.accounts[did] = Account(True, stamp_of(event))
        after = Slot(record, before.rev if before and rev is None else rev, time_us)
        account.slots[collection][key] = after
        account.text = None
        if collection == REPO:
            self._replace_hold(did, key, before and before.record, record)
        elif collection == MEMBER and did == self.policy["owner"] and account.active:
            self._count_members([before.record] if before else [], [record])
        return reports

    # Accounts (D5)

    def _account(self, event: Event) -> None:
        """The gate compares the stamp as it came; what is remembered of one from the future is its receipt."""
        account = self.accounts.get(event["did"])
        if account is None or event["timeUs"] < account.as_of_us:
            return
        stamp = stamp_of(event)
        account.as_of_us = max(account.as_of_us, stamp)
        self._set_active(event["did"], account, event["active"])
        is_deletion = not event["active"] and event["status"] == "deleted"
        floor = account.floor
        if is_deletion and (floor is None or event["timeUs"] > floor.time_us):
            account.floor = Floor(account.greatest_rev(), stamp if floor is None else max(floor.time_us, stamp))
            account.slots = {collection: {} for collection in RECORD_FIELDS}
        account.text = None

    def _set_active(self, did: str, account: Account, active: bool) -> None:
        if account.active == active:
            return
        account.active = active
        self._review(did)
        if did == self.policy["owner"]:
            records = [slot.record for slot in account.slots[MEMBER].values()]
            self._count_members([] if active else records, records if active else [])

    # Members (D7) and holders (S13)

    def is_admitted(self, did: str) -> bool:
        return self.policy["admission"] == "open" or did == self.policy["owner"] or self.members[did] > 0

    def _subject(self, record: Optional[Json]) -> str:
        """Whom a member record of the owner makes a member, or nobody."""
        return record["subject"] if record is not None and record["instance"] == self.policy["hostname"] else ""

    def _count_members(self, gone: Iterable[Optional[Json]], come: Iterable[Optional[Json]]) -> None:
        change: Counter = Counter(self._subject(record) for record in come)
        change.subtract(self._subject(record) for record in gone)
        del change[""]  # a Counter does not mind if it is not there
        for subject, difference in change.items():
            was_member = self.members[subject] > 0
            self.members[subject] += difference
            if self.members[subject] == 0:
                del self.members[subject]
            if was_member != (subject in self.members):
                self._review(subject)

    def _review(self, did: str) -> None:
        """Bring the holds of all rows of an account in line with what it may do."""
        account = self.accounts.get(did)
        if account is not None:
            for key, slot in account.slots[REPO].items():
                self._replace_hold(did, key, slot.record, slot.record)

    def _replace_hold(self, did: str, key: str, before: Optional[Json], after: Optional[Json]) -> None:
        name = f"{did}/{key}"
        if before is not None and before["knot"] is not None and name in self.holders.get(before["knot"], ()):
            holders = self._touch(before["knot"])
            holders.discard(name)
            if not holders:
                del self.holders[before["knot"]]
        if after is not None and self._does_hold(did, after):
            self._touch(after["knot"]).add(name)

    def _touch(self, host: str) -> set:
        self.was_held.setdefault(host, host in self.holders)
        return self.holders.setdefault(host, set())

    def _does_hold(self, did: str, record: Json) -> bool:
        names_us = record["knot"] is not None and record["spindle"] == self.policy["hostname"]
        return names_us and self.accounts[did].active and self.is_admitted(did)

    # Configuration

    def _configure(self, policy: Json) -> None:
        """A changed configuration: other hosts read the knots again, without a report; the rest makes other holds."""
        if policy == self.policy:
            return
        if policy["hosts"] != self.policy["hosts"]:
            for account in self.accounts.values():
                repos = account.slots[REPO]
                for key, slot in repos.items():
                    if slot.record is not None and slot.record["knot"] is not None:
                        knot = host_name(policy["hosts"], slot.record["knot"])
                        repos[key] = slot._replace(record={**slot.record, "knot": knot})
                account.text = None
        self.policy = policy
        held = list(self.holders)
        self.derive()
        self.was_held = {host: False for host in self.holders}
        self.was_held.update((host, True) for host in held)

    def derive(self) -> None:
        """Members and holders, from the rows alone."""
        self.members, self.holders = Counter(), {}
        owner = self.accounts.get(self.policy["owner"])
        if owner is not None and owner.active:
            self._count_members([], [slot.record for slot in owner.slots[MEMBER].values()])
        for did in self.accounts:
            self._review(did)
        self.was_held = {}


def slots_of(record: Reader) -> Reader:
    return entries(an_rkey, fields(record=nullable(record), rev=nullable(a_tid), timeUs=a_time))


def a_record(collection: str, **others: Reader) -> Reader:
    return fields(**{**{name: a_text for name in RECORD_FIELDS[collection]}, **others})


_read_account_state = fields(
    active=a_boolean,
    asOfUs=a_time,
    floor=nullable(fields(rev=nullable(a_tid), timeUs=a_time)),
    members=slots_of(a_record(MEMBER)),
    repos=slots_of(a_record(REPO, knot=nullable(a_host))),
    collaborators=slots_of(a_record(COLLABORATOR)),
)


# ---------------------------------------------------------------------------------------------------------------------------
# 8. Knots: subscriptions, their connections and cursors (S13–S17, D4, D9)


@dataclass
class Subscription:
    connection: Connection
    cursor: Optional[str] = None

    @classmethod
    def read(cls, value: Json) -> Subscription:
        return cls(**fields(connection=Connection.read, cursor=nullable(nanoseconds))(value))

    def written(self) -> Json:
        return {"connection": self.connection.written(), "cursor": self.cursor}

    def ask(self, tag: str, host: str) -> Effect:
        """One nanosecond before the cursor: knots deliver what is later, and older ones stamp several frames alike."""
        cursor = None if self.cursor is None else str(max(0, int(self.cursor) - 1))
        return {"_tag": tag, "connection": self.connection.number, "cursor": cursor, "host": host}


@dataclass
class Knots:
    """The part `knots`."""

    settings: Json
    next: int = 1
    stopped: bool = False
    subscriptions: Dict[str, Subscription] = field(default_factory=dict)

    @staticmethod
    def settings_of(config: Json) -> Json:
        return {"backoff": config["knotBackoff"], "marginUs": config["rewindUs"]}

    @classmethod
    def read(cls, value: Json) -> Knots:
        return cls(**_read_knots(value))

    def written(self) -> Json:
        return {
            "next": self.next,
            "settings": self.settings,
            "stopped": self.stopped,
            "subscriptions": [[host, self.subscriptions[host].written()] for host in sorted(self.subscriptions)],
        }

    def _number(self) -> int:
        self.next += 1
        return self.next - 1

    def align(self, gained: List[str], lost: List[str]) -> List[Effect]:
        """S13, D4: subscribe what has got its first holder, unsubscribe what has lost its last."""
        effects = []
        for host in gained:
            connection = Connection(self._number(), 0, "Idle" if self.stopped else "Connecting")
            self.subscriptions[host] = Subscription(connection)
            effects.append(self.subscriptions[host].ask("SubscribeKnot", host))
        for host in lost:
            effects.append(self._unsubscribe(host, self.subscriptions.pop(host)))
        return [] if self.stopped else effects

    @staticmethod
    def _unsubscribe(host: str, subscription: Subscription) -> Effect:
        return {"_tag": "UnsubscribeKnot", "connection": subscription.connection.number, "host": host}

    def see(self, event: Event) -> Pair:
        tag = event["_tag"]
        if tag == "Started":
            return self._started(event["config"]), []
        if tag == "StopRequested":
            return self._stopped(), []
        if tag == "TimerFired":
            timer = event["timer"]
            return (self._woken(timer) if timer["_tag"] == "KnotTimer" else []), []
        if tag in KNOT_EVENTS:
            subscription = self._present(event)
            if subscription is not None:
                return self._knot(event, subscription)
        return [], []

    def _present(self, named: Json) -> Optional[Subscription]:
        """The subscription whose present connection an event or timer names; anything else is stale."""
        subscription = self.subscriptions.get(named["host"])
        return subscription if subscription is not None and subscription.connection.number == named["connection"] else None

    def _started(self, config: Json) -> List[Effect]:
        self.settings, self.stopped = self.settings_of(config), False
        effects = []
        for host in sorted(self.subscriptions):
            subscription = self.subscriptions[host]
            subscription.connection.begin(self._number(), "Connecting")
            effects.append(subscription.ask("SubscribeKnot", host))
        return effects

    def _stopped(self) -> List[Effect]:
        if self.stopped:
            return []
        self.stopped = True
        effects = []
        for host in sorted(self.subscriptions):
            subscription = self.subscriptions[host]
            effects.append(self._unsubscribe(host, subscription))
            subscription.connection.begin(self._number(), "Idle")
        return effects

    def _woken(self, timer: Json) -> List[Effect]:
        subscription = self._present(timer)
        if subscription is None or subscription.connection.phase != "Waiting":
            return []
        subscription.connection.phase = "Connecting"
        return [subscription.ask("ReconnectKnot", timer["host"])]

    def _knot(self, event: Event, subscription: Subscription) -> Pair:
        tag, at, host, connection = event["_tag"], event["at"], event["host"], subscription.connection
        if tag == "KnotOpened":
            connection.open(at)
        elif tag == "KnotClosed" and connection.is_up():
            timer = {"_tag": "KnotTimer", "host": host}
            return connection.pause(at, self.settings["backoff"], self._number(), timer), []
        elif tag == "KnotFrameRejected":
            return [], [{name: event[name] for name in ("_tag", "at", "detail", "host", "reason")}]
        elif tag == "KnotReceived":
            return [], self._frame(event, subscription)
        return [], []

    def _frame(self, event: Event, subscription: Subscription) -> List[Report]:
        """The cursor of a knot is the greatest `created`; a frame without counts as created a margin before its receipt."""
        at, created = event["at"], event["created"]
        if created is not None and int(created) > min(MAX_SAFE, at + FUTURE_US) * 1000:
            return [{"_tag": "KnotFrameFromFuture", "at": at, "created": created, "host": event["host"]}]
        stamp = int(created) if created is not None else max(0, at - self.settings["marginUs"]) * 1000
        if subscription.cursor is None or stamp > int(subscription.cursor):
            subscription.cursor = str(stamp)
        return []


KNOT_EVENTS = frozenset(("KnotOpened", "KnotClosed", "KnotReceived", "KnotFrameRejected"))

_read_knots = fields(
    next=a_natural,
    settings=fields(backoff=a_backoff, marginUs=a_time),
    stopped=a_boolean,
    subscriptions=entries(a_host, Subscription.read),
)


# ---------------------------------------------------------------------------------------------------------------------------
# 9. The whole machine (The step)


@dataclass
class Counters:
    frames: int = 0
    recent: List[Report] = field(default_factory=list)
    reports: Dict[str, int] = field(default_factory=dict)

    def written(self) -> Json:
        return {"frames": self.frames, "recent": self.recent, "reports": [list(each) for each in sorted(self.reports.items(), key=lambda each: utf16(each[0]))]}

    def count(self, event: Event, reports: List[Report]) -> None:
        if event["_tag"] in STREAM_FRAMES:
            self.frames += event["count"] if event["_tag"] == "StreamAdvanced" else 1
        for report in reports:
            kind = f"{report['_tag']}/{report['reason']}" if "reason" in report else report["_tag"]
            self.reports[kind] = self.reports.get(kind, 0) + 1
            self.recent = (self.recent + [report])[-20:]


class Machine:
    """A state, stepped in place: nobody here needs old ones (porting.md, What a step may cost)."""

    def __init__(self, commits: Commits, stream: Stream, knots: Knots, counters: Counters) -> None:
        self.commits, self.stream, self.knots, self.counters = commits, stream, knots, counters

    @classmethod
    def initial(cls, config: Json) -> Machine:
        return cls(
            Commits(Commits.policy_of(config)),
            Stream(Stream.settings_of(config)),
            Knots(Knots.settings_of(config)),
            Counters(),
        )

    def step(self, event: Event) -> List[Effect]:
        if self.is_stale(event):
            return []
        stream_effects, stream_reports = self.stream.see(event)
        commit_reports = self.commits.see(event)
        hold_effects = self.knots.align(*self.commits.holds())
        if event["_tag"] == "Started":
            hold_effects = []  # the start asks for every wanted knot anyway
        knot_effects, knot_reports = self.knots.see(event)
        reports = stream_reports + knot_reports + commit_reports
        self.counters.count(event, reports)
        return stream_effects + hold_effects + knot_effects + [{"_tag": "Report", "report": report} for report in reports]

    def is_stale(self, event: Event) -> bool:
        """A frame of another connection of the stream. (The other events are judged where they are seen.)"""
        return event["_tag"] in STREAM_FRAMES and event["connection"] != self.stream.connection.number

    # 10. Writing and reading a state, and the questions of S17

    def _head(self) -> Json:
        return {
            "counters": self.counters.written(),
            "cursor": self.stream.written(),
            "knots": self.knots.written(),
            "policy": self.commits.policy,
        }

    def written(self) -> Json:
        accounts = self.commits.accounts
        return {"accounts": [[did, accounts[did].written()] for did in sorted(accounts)], "head": self._head()}

    def canonical(self) -> str:
        """The canonical text of `written()`, put together from that of the accounts, of which few change in a step."""
        accounts = self.commits.accounts
        texts = ",".join(f'["{did}",{accounts[did].canonical()}]' for did in sorted(accounts))
        return f'{{"accounts":[{texts}],"head":{canonical(self._head())}}}'

    @classmethod
    def read(cls, value: Json) -> Machine:
        """A written state, with all that is derived; Refused where its parts cannot belong together."""
        read = _read_state(value)
        head = read["head"]
        commits = Commits(head["policy"], read["accounts"])
        for did, account in commits.accounts.items():
            if account.floor is None and not any(account.slots.values()):
                refuse(did, "an account with slots or a floor")
        commits.derive()
        knots = head["knots"]
        if knots.subscriptions.keys() != commits.holders.keys():
            refuse(sorted(knots.subscriptions), "subscriptions to the knots that the rows hold")
        if any(each.connection.number >= knots.next for each in knots.subscriptions.values()):
            refuse(knots.next, "a next number that was not given out")
        return cls(commits, head["cursor"], knots, Counters(**head["counters"]))

    def ask(self, question: Json) -> Json:
        ask, commits = question["ask"], self.commits
        if ask == "isMember":
            return question["did"] in commits.members
        if ask == "isWanted":
            return question["host"] in commits.holders
        if ask == "holdersOf":
            return sorted(commits.holders.get(question["host"], ()))  # whole names: `.` is less than `/`
        if ask == "wantedKnots":
            return sorted(commits.holders)
        if ask == "repoAt":
            account = commits.accounts.get(question["did"])
            slot = account.slots[REPO].get(question["rkey"]) if account and account.active else None
            return slot and slot.record
        if ask == "cursor":
            return self.stream.cursor
        return refuse(ask, "a question of S17")


_read_state = fields(
    accounts=entries(a_did, Account.read),
    head=fields(
        counters=fields(frames=a_natural, recent=array(read_report), reports=entries(a_text, a_natural)),
        cursor=Stream.read,
        knots=Knots.read,
        policy=fields(admission=an_admission, hostname=a_hostname, hosts=a_host_policy, owner=a_did),
    ),
)


# ---------------------------------------------------------------------------------------------------------------------------
# 11. Batches


class Folded(NamedTuple):
    effects: List[Effect]
    events: List[Event]  # what a journal must hold
    is_lazy: bool  # to lose it means no more than a replay


def as_advance(machine: Machine, event: Event) -> Optional[Event]:
    """What an event does that does nothing but move the cursor, and may be merged with its neighbours; else None."""
    tag = event["_tag"]
    is_stranger = tag == "AccountReceived" and event["did"] not in machine.commits.accounts
    if not (tag == "StreamAdvanced" or is_stranger) or machine.is_stale(event) or is_from_future(event):
        return None
    if tag == "StreamAdvanced":
        return event
    return {"at": event["at"], "connection": event["connection"], **_advanced(event["timeUs"])}


def merged(before: Event, after: Event) -> Optional[Event]:
    """Two moves as one; None where a clock set back would put the later receipt on a stamp that is in its future."""
    event = {
        **after,
        "count": before["count"] + after["count"],
        "firstUs": before["firstUs"],
        "lastUs": max(before["lastUs"], after["lastUs"]),
    }
    return None if is_from_future(event) else event


def fold(machine: Machine, batch: Iterable[Event]) -> Folded:
    """Neighbours that only move the cursor are merged, and all are stepped."""
    effects: List[Effect] = []
    events: List[Event] = []

    def take(event: Optional[Event]) -> None:
        if event is not None:
            before = machine.canonical()
            effects.extend(machine.step(event))
            if machine.canonical() != before:
                events.append(event)

    pending: Optional[Event] = None
    for event in batch:
        advance = as_advance(machine, event)
        sum_of_both = merged(pending, advance) if pending and advance else None
        if sum_of_both is not None:
            pending = sum_of_both
            continue
        take(pending)
        pending = advance
        if advance is None:
            take(event)
    take(pending)
    is_lazy = not effects and all(event["_tag"] == "StreamAdvanced" for event in events)
    return Folded(effects, events, is_lazy)


# ---------------------------------------------------------------------------------------------------------------------------
# The protocol (formats.md)


def answer_canonical(text: str) -> Json:
    written = canonical_of(text)
    return {"hash": hash_of(written), "text": written}


def answer_fold(question: Json) -> Json:
    machine = Machine.read(question["state"])
    folded = fold(machine, array(read_event)(question["events"]))
    return {"effects": folded.effects, "events": folded.events, "hash": hash_of(machine.canonical()), "isLazy": folded.is_lazy}


def is_readable(reader: Callable[[Json], Any]) -> Callable[[Json], bool]:
    def answer(value: Json) -> bool:
        try:
            reader(value)
            return True
        except Refused:
            return False

    return answer


SUBJECTS: Dict[str, Callable[[Json], Json]] = {
    "did": is_did,
    "rkey": is_rkey,
    "tid": is_tid,
    "nsid": is_nsid,
    "nanos": is_nanos,
    "tid-after": lambda asked: is_tid_after(asked["tid"], asked["timeUs"], asked["toleranceUs"]),
    "host": lambda asked: host_name(asked["hosts"], asked["text"]),
    "excerpt": excerpt,
    "canonical": answer_canonical,
    "jetstream": lambda asked: decode_frame(asked["at"], asked["connection"], asked["text"]),
    "knot": lambda asked: decode_knot_frame(asked["at"], asked["connection"], asked["host"], asked["text"]),
    "config": is_readable(read_config),
    "state": is_readable(Machine.read),
    "query": lambda asked: Machine.read(asked["state"]).ask(asked),
    "fold": answer_fold,
}


class Port:
    def __init__(self) -> None:
        self.machine: Optional[Machine] = None

    def answer(self, request: Json) -> Json:
        tag = request["_tag"]
        if tag == "start":
            if request["version"] != VERSION:
                raise Refused(f"asked for version {request['version']}, this port speaks {VERSION}")
            return {"_tag": "started", "name": "tack-python", "version": VERSION}
        if tag == "init":
            self.machine = None
            is_new = "config" in request
            self.machine = Machine.initial(read_config(request["config"])) if is_new else Machine.read(request["state"])
            return {"_tag": "done", "hash": hash_of(self.machine.canonical())}
        if tag == "decode":
            subject = SUBJECTS.get(request["subject"])
            if subject is None:
                return {"_tag": "skipped", "reason": f"no subject {request['subject']}"}
            return {"_tag": "decoded", "output": subject(request["input"])}
        if self.machine is None:
            raise Refused("there is no state: init comes first")
        if tag == "step":
            effects = self.machine.step(read_event(request["event"]))
            return {"_tag": "stepped", "effects": effects, "hash": hash_of(self.machine.canonical())}
        if tag == "state":
            return {"_tag": "state", "state": self.machine.written()}
        raise Refused(f"no request {tag}")


def main() -> None:
    """Lines are lines of bytes: to split text would also split it at U+2028, which JSON may hold."""
    port = Port()
    for line in sys.stdin.buffer:
        request = json.loads(line, parse_float=_integer)
        if request["_tag"] == "stop":
            return
        try:
            answer = port.answer(request)
        except Exception as error:  # whatever it is, the kit should hear of it, and the next request be answered
            answer = {"_tag": "errored", "message": well_formed(f"{type(error).__name__}: {error}")}
        sys.stdout.buffer.write(canonical({**answer, "id": request["id"]}).encode("utf-8") + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
