#!/usr/bin/env python3
"""tack's machine in Python, as spec/ describes it.

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
from datetime import datetime, timedelta
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple

Json = Any
Event = Dict[str, Json]
Effect = Dict[str, Json]
Report = Dict[str, Json]

VERSION = 3
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
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_WORKFLOW_NAME = re.compile("[ -.0-\\[\\]-~\u0080-\ud7ff]{1,100}")
_RUN_KEY = re.compile(r"[^/]+/[^/]+", re.DOTALL)


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


def is_sha(text: str) -> bool:
    """The name of a git object."""
    return _SHA.fullmatch(text) is not None


def is_workflow_name(text: str) -> bool:
    return _WORKFLOW_NAME.fullmatch(text) is not None and text not in (".", "..")


def tid_of(time_us: int) -> str:
    """The TID of a time, by clock 0."""
    return "".join(TID_DIGITS[(time_us >> (5 * place)) & 31] for place in range(10, -1, -1)) + "22"


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


def stands_for_text(label: str) -> bool:
    """Whether a label xn--… is how text beyond ASCII is written (RFC 3492), without control characters or surrogates (F5)."""
    try:
        decoded = label[4:].encode("ascii").decode("punycode")
        written = decoded.encode("punycode").decode("ascii")
    except UnicodeError:
        return False
    beyond = [ord(c) for c in decoded if c > "\x7f"]
    return written == label[4:] and bool(beyond) and all(0x9F < c and not 0xD800 <= c <= 0xDFFF for c in beyond)


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
    if not all(stands_for_text(label) for label in labels if label.startswith("xn--")):
        return None
    if labels[-1] == "localhost" and not hosts["loopback"]:
        return None
    return f"{name}:{port}" if colon and int(port) != hosts["defaultPort"] else name


def is_host_name(text: str) -> bool:
    """Whether this is canonical under some policy; 0 is no port, so each that is written must be kept."""
    return host_name({"defaultPort": 0, "loopback": True, "ports": True}, text) == text


def well_formed(text: str) -> str:
    """S9: lone surrogates become U+FFFD. (Pairs are one character to Python's JSON parser.)"""
    return _SURROGATE.sub("\ufffd", text)


def excerpt(text: str, most: int = EXCERPT_UNITS) -> str:
    """Foreign text as reports repeat it: its first UTF-16 code units, `…` if that is not all, and well-formed."""
    if len(text) <= most // 2:
        return well_formed(text)
    units = text.encode("utf-16-le", "surrogatepass")
    head = well_formed(units[: 2 * most].decode("utf-16-le", "surrogatepass"))
    return head if len(units) <= 2 * most else head + "…"


def units(text: str) -> int:
    """How many UTF-16 code units a text has: what its length means here."""
    return len(text) + sum(character > "\uffff" for character in text)


def utf8_length(text: str) -> int:
    return len(well_formed(text).encode("utf-8"))


def excerpt_or_null(value: Json) -> Optional[str]:
    return excerpt(value) if isinstance(value, str) else None


# ---------------------------------------------------------------------------------------------------------------------------
# 3. Canonical JSON and the hash (formats.md)

_encode_sorting = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def canonical(value: Json) -> str:
    """The one text of a value of the machine: all its keys are ASCII, where code points sort as UTF-16 does."""
    return _encode_sorting(value)


VALUE_UNITS = 16  # what each value counts besides its text


def units_of(value: Json) -> int:
    """How much memory a value takes, roughly: its UTF-16 units, and 16 for each value."""
    if isinstance(value, str):
        return VALUE_UNITS + units(value)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return VALUE_UNITS + sum(units_of(part) for part in parts)


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


RECORD_LIMITS = {  # in UTF-16 code units; a longer field counts as absent
    "createdAt": 64, "instance": 260, "knot": 260, "name": 512, "repo": 2_600, "repoDid": 2_048, "spindle": 260, "subject": 2_048,
}


def overlong(record: Dict[str, str]) -> List[str]:
    """The fields of a record that are too long."""
    return [name for name in sorted(record) if units(record[name]) > RECORD_LIMITS[name]]


def within_limits(record: Dict[str, str]) -> Dict[str, str]:
    return {**record, **{name: "" for name in overlong(record)}}


def first_units(text: str, most: int) -> str:
    """Its first UTF-16 code units, not yet well-formed."""
    return text.encode("utf-16-le", "surrogatepass")[: 2 * most].decode("utf-16-le", "surrogatepass") if 2 * len(text) > most else text


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


def read_ordinal(value: Json) -> Optional[int]:
    """D10: the number that a server gave a frame; None for what is none, or would be read as a time."""
    number = read_time_us(value)
    return number if number is not None and number < FIRST_TIME else None


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
        row[name] = well_formed(first_units(value, RECORD_LIMITS[name] + 1))
    return row


_DATE_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def time_of_date_time(text: str) -> Optional[int]:
    """RFC 3339 in at most 64 characters, to the microsecond; brought into the range of stamps."""
    parts = _DATE_TIME.fullmatch(text) if len(text) <= 64 else None
    if parts is None:
        return None
    year, month, day, hour, minute, second = (int(parts[i]) for i in range(1, 7))
    hours_off, minutes_off = int(parts[9] or 0), int(parts[10] or 0)
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = [29 if i == 1 and is_leap else _DAYS[i] for i in range(12)]
    if not (1 <= month <= 12 and 1 <= day <= days[month - 1] and hour <= 23 and minute <= 59 and second <= 60):
        return None
    if hours_off > 23 or minutes_off > 59:
        return None
    past = year - 1
    since_1970 = past * 365 + past // 4 - past // 100 + past // 400 - 719_162 + sum(days[: month - 1]) + day - 1
    off = (hours_off * 60 + minutes_off) * (-1 if parts[8] == "-" else 1)
    seconds = ((since_1970 * 24 + hour) * 60 + minute - off) * 60 + second
    return max(0, min(MAX_SAFE, seconds * 1_000_000 + int((parts[7] or "")[:6].ljust(6, "0"))))


def decode_frame(at: int, connection: int, text: str) -> Event:
    """A frame of Jetstream. Whatever the text, the answer is an event."""
    try:
        frame = parse_object(text)
        return {"at": at, "connection": connection, **_read_frame(frame), "ordinal": read_ordinal(frame.get("cursor"))}
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
        "ordinal": None if rejected.time_us is None else read_ordinal(rejected.frame.get("cursor")),
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
    time = account.get("time")
    return {
        "_tag": "AccountReceived",
        "active": active,
        "changedUs": time_of_date_time(time) if isinstance(time, str) else None,
        "did": did,
        "seq": read_time_us(account.get("seq")),  # the same integers
        "status": excerpt_or_null(account.get("status")),
        "timeUs": time_us,
    }


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
        payload = decode_trigger(nsid, frame.get("event"))
        if nsid == COLLABORATOR_UPDATE:
            try:
                update = decode_collaborator_update(frame.get("event"))
                return {"_tag": "CollaboratorUpdated", **event, "created": stamp, "rkey": rkey, "update": update}
            except Fault as fault:
                payload = _unreadable(fault)
        return {"_tag": "KnotReceived", **event, "created": stamp, "nsid": nsid, "payload": payload, "rkey": rkey}
    except Rejected as rejected:
        return {"_tag": "KnotFrameRejected", **event, "detail": rejected.detail, "reason": rejected.reason}


# Triggers (T1). What is said of one that is not understood is prose.

COLLABORATOR_UPDATE = "sh.tangled.repo.collaboratorUpdate"
PIPELINE, REF_UPDATE, STATUS = "sh.tangled.pipeline", "sh.tangled.git.refUpdate", "sh.tangled.pipeline.status"
NAME_UNITS, FILES_MAX, WORKFLOWS_MAX, INPUTS_MAX = 1024, 10_000, 50, 100
TEXT_BYTES, INPUTS_BYTES = 262_144, 65_536

_NO_NAME = re.compile(r"[\x00-\x20\x7f]")


class Fault(Exception):
    """Why what a stranger wrote is not understood."""


def decode_trigger(nsid: str, event: Json) -> Json:
    """What an event of a knot calls for: the payload of its frame."""
    read = {PIPELINE: _read_pipeline, REF_UPDATE: _read_ref_update}.get(nsid)
    if read is None:
        return {"_tag": "Other"}
    try:
        return {"_tag": "Trigger", "trigger": read(_object("event", event))}
    except Fault as fault:
        return _unreadable(fault)


def _unreadable(fault: Fault) -> Json:
    return {"_tag": "Unreadable", "detail": excerpt(str(fault))}


def decode_collaborator_update(event: Json) -> Json:
    """Who may push from now on, or may not any more."""
    fields = _object("event", event)
    if fields.get("op") not in ("add", "remove"):
        raise Fault("op is neither add nor remove")
    read_did = _such(is_did, "a DID")
    return {"op": fields["op"], **{name: read_did(name, fields.get(name)) for name in ("repo", "subject")}}


def _is_absent(value: Json) -> bool:
    return value is None or value == ""


def _object(place: str, value: Json) -> Dict[str, Json]:
    if not isinstance(value, dict):
        raise Fault(f"{place} is not an object")
    return value


def _text(place: str, value: Json) -> str:
    if not isinstance(value, str):
        raise Fault(f"{place} is not text")
    return well_formed(value)


def _name(place: str, value: Json) -> str:
    """Neither empty nor endless, without blanks and control characters."""
    text = _text(place, value)
    if text == "" or units(text) > NAME_UNITS or _NO_NAME.search(text):
        raise Fault(f"{place} is not a name")
    return text


def _optional(read: Callable[[str, Json], str], place: str, value: Json) -> Optional[str]:
    return None if _is_absent(value) else read(place, value)


def _such(is_such: Callable[[str], bool], what: str) -> Callable[[str, Json], str]:
    def read(place: str, value: Json) -> str:
        if not (isinstance(value, str) and is_such(value)):
            raise Fault(f"{place} is not {what}")
        return value

    return read


_sha, _did = _such(is_sha, "the name of an object"), _such(is_did, "a DID")


def _list(place: str, most: int, value: Json, read: Callable[[str, Json], Json]) -> List[Json]:
    if _is_absent(value):
        return []
    if not isinstance(value, list):
        raise Fault(f"{place} is not a list")
    if len(value) > most:
        raise Fault(f"{place} has more than {most} items")
    return [read(f"{place}[{i}]", each) for i, each in enumerate(value)]


def _sized(most: int, place: str, value: Json) -> str:
    text = _text(place, value)
    if utf8_length(text) > most:
        raise Fault(f"{place} has more than {most} bytes")
    return text


def _read_push(place: str, fields: Dict[str, Json]) -> Json:
    files, options = fields.get("changedFiles"), fields.get("pushOptions")
    are_files = isinstance(files, list) and len(files) <= FILES_MAX and all(isinstance(each, str) for each in files)
    return {
        "_tag": "Push",
        "changedFiles": [well_formed(each) for each in files] if are_files else None,
        "newSha": _sha(f"{place}newSha", fields.get("newSha")),
        "oldSha": _sha(f"{place}oldSha", fields.get("oldSha")),
        "ref": _name(f"{place}ref", fields.get("ref")),
        "skipsCi": isinstance(options, list) and any(each in ("skip-ci", "ci-skip") for each in options if isinstance(each, str)),
    }


def _named(claim: Json) -> Json:
    if claim["did"] is None and (claim["name"] is None or claim["owner"] is None):
        raise Fault("no repository is named")
    return claim


def _read_ref_update(event: Dict[str, Json]) -> Json:
    """`repoDid` is the owner beside a `repoName` alone, and else the repository, which today is `repo`."""
    repo, repo_did, name, owner = (event.get(key) for key in ("repo", "repoDid", "repoName", "ownerDid"))
    is_owner = _is_absent(repo) and _is_absent(owner) and not _is_absent(name)
    has_details = not (_is_absent(event.get("changedFiles")) and _is_absent(event.get("pushOptions")))
    if is_owner:
        did = None
    else:
        did = _optional(_did, "repoDid", repo_did) if _is_absent(repo) else _did("repo", repo)
    return {
        "actor": _optional(_did, "committerDid", event.get("committerDid")),
        "cause": _read_push("", event),
        "defaultBranch": None,
        "kind": "refUpdate",
        "repo": _named(
            {
                "did": did,
                "knot": None,
                "name": _optional(_name, "repoName", name),
                "owner": _did("repoDid", repo_did) if is_owner else _optional(_did, "ownerDid", owner),
            }
        ),
        "shape": "bare" if _is_absent(repo) else "detailed" if has_details else "named",
        "unkept": [],
        "workflows": None,
    }


def _action(place: str, value: Json) -> str:
    """Knots of the first generation call it `create` when a pull request is opened."""
    action = _name(place, value)
    return "opened" if action == "create" else action


def _read_pull_request(repo_did: Optional[str], fields: Dict[str, Json]) -> Json:
    """A fork is somebody else's repository: what is in it is not built."""
    source = fields.get("sourceRepo")
    if not (_is_absent(source) or (isinstance(source, str) and source == repo_did)):
        raise Fault("pull requests from forks are not built")
    return {
        "_tag": "PullRequest",
        "action": _optional(_action, "pullRequest.action", fields.get("action")),
        "sourceBranch": _name("pullRequest.sourceBranch", fields.get("sourceBranch")),
        "sourceSha": _sha("pullRequest.sourceSha", fields.get("sourceSha")),
        "targetBranch": _name("pullRequest.targetBranch", fields.get("targetBranch")),
    }


def _read_input(place: str, value: Json) -> Json:
    fields = _object(place, value)
    said = fields.get("value")
    return [_name(f"{place}.key", fields.get("key")), _text(f"{place}.value", "" if said is None else said)]


def _read_inputs(place: str, value: Json) -> Json:
    inputs = _list(place, INPUTS_MAX, value, _read_input)
    if sum(utf8_length(text) for each in inputs for text in each) > INPUTS_BYTES:
        raise Fault(f"{place} has more than {INPUTS_BYTES} bytes")
    return inputs


def _read_cause(metadata: Dict[str, Json], repo_did: Optional[str]) -> Json:
    kind = metadata.get("kind")
    if kind == "push":
        return _read_push("push.", _object("push", metadata.get("push")))
    if kind == "pull_request":
        return _read_pull_request(repo_did, _object("pullRequest", metadata.get("pullRequest")))
    if kind == "manual":
        manual = metadata.get("manual")
        fields = {} if manual is None else _object("manual", manual)
        return {
            "_tag": "Manual",
            "inputs": _read_inputs("manual.inputs", fields.get("inputs")),
            "ref": _optional(_name, "manual.ref", fields.get("ref")),
            "sha": _optional(_sha, "manual.sha", fields.get("sha")),
        }
    raise Fault(f"kind is {excerpt(kind)}" if isinstance(kind, str) else "kind is not text")


def _read_source(place: str, value: Json) -> Json:
    """An excerpt of a name that cannot be kept: it is no reason to do without the other files."""
    fields = _object(place, value)
    name = fields.get("name")
    if not isinstance(name, str):
        return ""
    if not is_workflow_name(name):
        return excerpt(name)
    return {"name": name, "text": _sized(TEXT_BYTES, f"{place}.raw", fields.get("raw"))}


def _read_pipeline(event: Dict[str, Json]) -> Json:
    metadata = _object("triggerMetadata", event.get("triggerMetadata"))
    fields = _object("repo", metadata.get("repo"))
    repo = _named(
        {
            "did": _optional(_did, "repo.repoDid", fields.get("repoDid")),
            "knot": _name("repo.knot", fields.get("knot")),
            "name": _optional(_name, "repo.repo", fields.get("repo")),
            "owner": _optional(_did, "repo.did", fields.get("did")),
        }
    )
    cause = _read_cause(metadata, repo["did"])
    branch = _optional(_name, "repo.defaultBranch", fields.get("defaultBranch"))
    sources = _list("workflows", WORKFLOWS_MAX, event.get("workflows"), _read_source)
    return {
        "actor": None,
        "cause": cause,
        "defaultBranch": branch,
        "kind": "pipeline",
        "repo": repo,
        "shape": None,
        "unkept": [each for each in sources if isinstance(each, str)],
        "workflows": [each for each in sources if not isinstance(each, str)],
    }


# Workflow files (T3): what a YAML parser made of one. What its author is told is prose.

CONDITIONS_MAX, PATTERNS_MAX, STEPS_MAX, TARGETS_MAX, VARIABLES_MAX = 100, 1_000, 100, 100, 200
COMMAND_BYTES, WHOLE_MAX = 65_536, 262_144

_SPACE = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"


_TRUE = ("true", "True", "TRUE", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON")
_FALSE = ("false", "False", "FALSE", "n", "N", "no", "No", "NO", "off", "Off", "OFF")
_DIGITS = re.compile(r"(?:0|[1-9][0-9]{0,15})\Z")
_KEYS = ("branch", "cron", "event", "paths", "tag", "types")


class Scalar(NamedTuple):
    """A number or a truth value, as it was spelled."""

    text: str


def decode_workflow(name: str, content: str, data: Json) -> Json:
    """What a file asks for: `when` first, then the engine, and the rest only of a file for our engine."""
    workflow = {"_tag": "Faulty", "content": content, "name": name, "when": None}
    try:
        if not _is_bounded(data):
            raise Fault("the file comes to more than 262,144 characters, aliases followed")
        file = _map("the file", _native(data))
        workflow["when"] = _read_when(file.get("when"))
        engine = None if file.get("engine") in (None, "") else excerpt(_scalar("engine", file["engine"]))
        file = file if engine == "tack" else {}
        clone = _map("clone", file.get("clone"))
        rest = {
            "clone": {
                "depth": _natural("clone.depth", clone.get("depth"), 1),
                "skip": _boolean("clone.skip", clone.get("skip")),
                "submodules": _boolean("clone.submodules", clone.get("submodules")),
            },
            "environment": _read_environment("environment", file.get("environment")),
            "steps": _list_or_none("steps", STEPS_MAX, file.get("steps"), _read_step),
            "targets": [_target(*entry) for entry in _entries("tack", TARGETS_MAX, file.get("tack"), _read_settings)],
        }
        return {**workflow, **rest, "_tag": "Defined", "engine": engine, "units": units_of(rest)}
    except Fault as fault:
        return {**workflow, "error": str(fault)}


def _is_bounded(data: Json) -> bool:
    """Without recursion: depth is the author's to choose."""
    waiting, left = [data], WHOLE_MAX - 1
    while waiting:
        value = waiting.pop()
        is_map = isinstance(value, dict) and "map" in value
        parts = [part for entry in value["map"] for part in entry] if is_map else value if isinstance(value, list) else []
        for part in parts:
            text = part["scalar"] if isinstance(part, dict) and "scalar" in part else part
            left -= max(units(text), 1) if isinstance(text, str) else 1
            if left < 0:
                return False
            waiting.append(part)
    return True


def _native(data: Json) -> Json:
    """Maps as maps, of a key that comes twice the first; and what is no text, told from it."""
    if isinstance(data, list):
        return [_native(each) for each in data]
    if not isinstance(data, dict):
        return data
    if "scalar" in data:
        return Scalar(data["scalar"])
    fields: Dict[str, Json] = {}
    for key, value in data["map"]:
        fields.setdefault(key, _native(value))
    return fields


def _read_when(when: Json) -> List[Json]:
    if isinstance(when, dict):
        conditions = [_read_condition("when", when)]
    else:
        conditions = _list_or_none("when", CONDITIONS_MAX, when, _read_condition)
    lists = [condition[key] or () for condition in conditions for key in ("branch", "event", "paths", "tag", "types")]
    if sum(len(patterns) for patterns in lists) > PATTERNS_MAX:
        raise Fault(f"when has more than {PATTERNS_MAX} patterns")
    return conditions


def _map(place: str, value: Json) -> Dict[str, Json]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Fault(f"{place} is not a map")
    return value


def _clean_text(place: str, value: Json) -> str:
    text = _text(place, value)
    if "\0" in text:
        raise Fault(f"{place} holds a NUL")
    return text


def _scalar(place: str, value: Json) -> str:
    return _clean_text(place, value.text if isinstance(value, Scalar) else value)


def _short(place: str, text: str) -> str:
    if utf8_length(text) > COMMAND_BYTES:
        raise Fault(f"{place} is longer than 65,536 bytes")
    return text


def _value(place: str, value: Json) -> str:
    return "" if value is None else _short(place, _scalar(place, value))


def _boolean(place: str, value: Json) -> bool:
    if value is None:
        return False
    text = value.text if isinstance(value, Scalar) else value
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise Fault(f"{place} is neither true nor false")


def _natural(place: str, value: Json, otherwise: int) -> int:
    if value is None:
        return otherwise
    if isinstance(value, Scalar) and _DIGITS.match(value.text) and int(value.text) <= MAX_SAFE:
        return int(value.text)
    raise Fault(f"{place} is not a whole number")


def _list_or_none(place: str, most: int, value: Json, read: Callable[[str, Json], Json]) -> List[Json]:
    return [] if value is None else _list(place, most, _no_text(place, value), read)


def _no_text(place: str, value: Json) -> Json:
    if value == "":
        raise Fault(f"{place} is not a list")
    return value


def _entries(place: str, most: int, value: Json, read: Callable[[str, Json], Json]) -> List[Json]:
    fields = _map(place, value)
    if len(fields) > most:
        raise Fault(f"{place} has more than {most} entries")
    for name in fields:
        if name != well_formed(name):
            raise Fault(f"a name in {place} is not text")
        _clean_text(f"a name in {place}", name)
    return [[name, read(f"{place}.{excerpt(name)}", fields[name])] for name in sorted(fields, key=utf16)]


def _read_environment(place: str, value: Json) -> List[Json]:
    return _entries(place, VARIABLES_MAX, value, _value)


def _read_condition(place: str, value: Json) -> Json:
    if not isinstance(value, dict):
        raise Fault(f"{place} is not a map")

    def texts(key: str) -> List[str]:
        said = value.get(key)
        if said is None:
            return []
        if not isinstance(said, list):
            return [_scalar(f"{place}.{key}", said)]
        return _list(f"{place}.{key}", PATTERNS_MAX, said, _clean_text)

    return {
        "branch": texts("branch"),
        "event": texts("event"),
        "paths": texts("paths") or None,
        "tag": texts("tag"),
        "types": texts("types") or None,
        "unknown": next((excerpt(key) for key in value if key not in _KEYS), None),
    }


def _read_step(place: str, value: Json) -> Json:
    if not isinstance(value, dict):
        raise Fault(f"{place} is not a map")
    if value.get("command") is None:
        raise Fault(f"{place}.command is missing")
    command = _short(f"{place}.command", _scalar(f"{place}.command", value["command"]))
    name = _value(f"{place}.name", value.get("name"))
    first_line = command.strip(_SPACE).split("\n", 1)[0].rstrip(_SPACE)
    return {
        "command": command,
        "environment": _read_environment(f"{place}.environment", value.get("environment")),
        "name": excerpt(name or first_line),
    }


def _read_setting(place: str, value: Json) -> str:
    if isinstance(value, list):
        return _short(place, "\n".join(_list(place, PATTERNS_MAX, value, _scalar)))
    return _value(place, value)


def _read_settings(place: str, value: Json) -> List[Json]:
    return _entries(place, VARIABLES_MAX, value, _read_setting)


def _target(provider: str, settings: List[Json]) -> Json:
    return {
        "pipeline": next((value for name, value in settings if name == "pipeline"), ""),
        "provider": provider,
        "settings": [each for each in settings if each[0] != "pipeline"],
    }


# ---------------------------------------------------------------------------------------------------------------------------
# 4a. Patterns, and which workflows apply (T3)

PATTERN_POINTS, NAME_POINTS = 1_000, 4_096
GLOB_COST, WHEN_COST, LIST_COST = 100_000, 2_000_000, 2_000_000
PATTERN_POINT_COST, NAME_POINT_COST, PLAIN_COST, TRY_COST, TURN_COST = 8, 6, 8, 32, 4
CLASS_COST, DEEP_COST, ALTERNATIVE_COST = 8, 6, 150


class Costly(Exception):
    """The work that a match may take is used up."""


class Work:
    """What is left of it: a code point of a pattern that is looked at, or copied, is one."""

    def __init__(self, left: int) -> None:
        self.left = left

    def spend(self, cost: int) -> None:
        self.left -= cost
        if self.left < 0:
            raise Costly


class BadPattern(Exception):
    pass


def _end_of_class(pattern: str, i: int) -> int:
    while i < len(pattern) and pattern[i] != "]":
        i += 2 if pattern[i] == "\\" else 1
    return min(i, len(pattern))


def _brace(pattern: str, start: int) -> Tuple[List[str], int]:
    """The alternatives of the brace that opens just before `start`, and the index of what closes it."""
    found, depth, i = [], 1, start
    while i < len(pattern):
        c = pattern[i]
        if c == "\\":
            i += 1
        elif c == "[":
            i = _end_of_class(pattern, i + 1)
        elif c == "{":
            depth += 1
        elif c == "}":
            depth -= 1
            if depth == 0:
                return found + [pattern[start:i]], i
        elif c == "," and depth == 1:
            found.append(pattern[start:i])
            start = i + 1
        i += 1
    raise BadPattern


def _is_valid(pattern: str, i: int) -> bool:
    depth, end = 0, len(pattern)
    while i < end:
        c = pattern[i]
        if c == "\\":
            i += 1
            if i >= end:
                return False
        elif c == "[":
            i += 1
            if pattern[i : i + 1] in ("^", "!"):
                i += 1
            if pattern[i : i + 1] == "]":
                return False
            i = _end_of_class(pattern, i)
            if i >= end:
                return False
        elif c == "{":
            depth += 1
        elif c == "}":
            if depth == 0:
                return False
            depth -= 1
        i += 1
    return depth == 0


def _class(pattern: str, start: int, c: str) -> Tuple[int, Optional[bool]]:
    """Where the pattern stands after the class, and whether it holds; None when it does not close, as far as was looked."""
    end = len(pattern)
    is_negated = pattern[start : start + 1] in ("!", "^")
    i = start + 1 if is_negated else start
    if pattern[i : i + 1] == "]":
        return i, None
    is_in, low = False, ""
    while not is_in and i < end and pattern[i] != "]":
        p = pattern[i]
        i += 1
        if low != "" and p == "-" and pattern[i : i + 1] != "]":
            if pattern[i : i + 1] == "\\":
                i += 1
            is_in = low < c and (i >= end or c <= pattern[i])
            i += 1
            low = ""
        else:
            if p == "\\":
                p = pattern[i : i + 1]
                i += 1
            is_in = p == c
            low = "" if p == "\U0010ffff" else p
    if is_in == is_negated:
        return i, None if i >= end else False
    closing = _end_of_class(pattern, i)
    return closing + 1, None if closing >= end else True


class Task(NamedTuple):
    """What is left to be matched, and where to go back to: -1 for nowhere."""

    pattern: str
    at: int = 0
    name_at: int = 0
    star: int = -1
    star_name: int = 0
    deep: int = -1
    deep_name: int = 0


def _mismatch(pattern: str, at: int) -> bool:
    if not _is_valid(pattern, at):
        raise BadPattern
    return False


def _branch(task: Task) -> List[Task]:
    alternatives, end = _brace(task.pattern, task.at + 1)
    before, after = task.pattern[: task.at], task.pattern[end + 1 :]
    return [task._replace(pattern=before + each + after) for each in alternatives]


def _run_task(task: Task, name: str, work: Work) -> Any:
    """Whether it matches, or the tasks that a brace comes to."""
    pattern, at, name_at, star, star_name, deep, deep_name = task
    end = len(pattern)
    at_start = at == 0 or pattern[at - 1 : at] == "/"
    while name_at < len(name):
        work.spend(TURN_COST)
        p, c = pattern[at : at + 1], name[name_at]
        if p == "*":
            at += 1
            if pattern[at : at + 1] == "*":
                at += 1
                if at_start and at >= end:
                    return True
                if at_start and pattern[at] == "/":
                    at += 1
                    deep, deep_name, star = at, name_at, -1
                    continue
            at_start, star, star_name = False, at, name_at
            continue
        if p == "{":
            return _branch(Task(pattern, at, name_at, star, star_name, deep, deep_name))
        if p == "[":
            at_start = False
            behind, holds = _class(pattern, at + 1, c)
            work.spend(CLASS_COST + behind - at)
            if holds is None:
                raise BadPattern
            at = behind
            if holds:
                name_at += 1
                continue
        elif p == "?":
            at_start = False
            if c != "/":
                at += 1
                name_at += 1
                continue
        elif p != "":
            if p == "\\":
                at += 1
            if pattern[at : at + 1] == c:
                at += 1
                name_at += 1
                at_start = c == "/"
                continue
            if pattern[at - 1 : at] == "\\":
                at -= 1  # an escaped character that does not match is looked at with its escape
        if star != -1 and name[star_name] != "/":
            star_name += 1
            name_at, at = star_name, star
            continue
        slash = -1 if deep == -1 else name.find("/", deep_name)
        passed = 0 if deep == -1 else (len(name) if slash < 0 else slash) - deep_name
        if slash < 0:
            work.spend(passed + end - at)
            return _mismatch(pattern, at)
        work.spend(DEEP_COST + passed)
        deep_name = slash + 1
        name_at, at = deep_name, deep
    work.spend(end - at)
    if pattern[at:] in ("", "*", "**", "/**", "**/", "/**/"):
        return True
    if pattern[at : at + 1] == "{":
        return _branch(Task(pattern, at, name_at, star, star_name, deep, deep_name))
    return _mismatch(pattern, at)


class Glob:
    """A pattern made ready, and what it costs to make it so."""

    def __init__(self, pattern: str, work: Work) -> None:
        self.pattern = pattern
        work.left -= PATTERN_POINT_COST * min(len(pattern), PATTERN_POINTS + 1)
        self.is_short = len(pattern) <= PATTERN_POINTS
        self.plain = re.match(r"[^*?\[{}\\]*", pattern).group() if self.is_short else ""
        self.is_valid = self.is_short and _is_valid(pattern, len(self.plain))


def ready_name(name: str, work: Work) -> str:
    work.left -= NAME_POINT_COST * min(len(name), NAME_POINTS + 1)
    return name


def _try(glob: Glob, name: str, work: Work) -> bool:
    work.spend(PLAIN_COST)
    if not glob.is_short:
        raise BadPattern
    if len(name) > NAME_POINTS:
        return False
    end = min(len(glob.plain), len(name))
    same = next((i for i in range(end) if glob.plain[i] != name[i]), end)
    work.spend(same)
    if same < end:
        if not glob.is_valid:
            raise BadPattern
        return False
    work.spend(TRY_COST)
    tasks = [Task(glob.pattern)]
    while tasks:
        task = tasks.pop()
        turn = _run_task(task, name, work)
        if turn is True:
            return True
        if isinstance(turn, list):
            work.spend(len(turn) * (ALTERNATIVE_COST + len(task.pattern)))
            tasks.extend(reversed(turn))
    return False


def try_glob(glob: Glob, name: str, work: Work) -> bool:
    """Whether a pattern matches all of a name, as doublestar 4 would have it; Fault when it is bad, or takes too long."""
    try:
        return _try(glob, name, work)
    except BadPattern:
        raise Fault(f"{excerpt(glob.pattern)} is not a pattern") from None
    except Costly:
        raise Fault(f"the pattern {excerpt(glob.pattern)} takes too long") from None


def match_glob(pattern: str, name: str) -> bool:
    work = Work(GLOB_COST)
    glob = Glob(pattern, work)
    return try_glob(glob, ready_name(name, work), work)


def short_name(ref: str) -> Optional[Tuple[str, str]]:
    """The kind and the name of a branch or a tag; None for any other ref."""
    for kind, prefix in (("branch", "refs/heads/"), ("tag", "refs/tags/")):
        if ref.startswith(prefix) and ref != prefix:
            return kind, ref[len(prefix) :]
    return None


def applies(when: List[Json], cause: Json, work: Work) -> bool:
    """Whether a workflow with these conditions applies; Fault for a pattern that cannot be tried."""
    if cause["_tag"] == "Manual" or not when:
        return True

    def any_matches(names: List[str], patterns: List[str]) -> bool:
        if patterns and work.left < 0:
            raise Fault(f"the pattern {excerpt(patterns[0])} takes too long")
        globs = [Glob(pattern, work) for pattern in patterns]
        for text in names if globs else ():
            name = ready_name(text, work)
            if any(try_glob(glob, name, work) for glob in globs):
                return True
        return False

    def of_paths(condition: Json, files: List[str]) -> bool:
        return any_matches(files, condition["paths"]) if condition["paths"] else True

    def holds(condition: Json) -> bool:
        if cause["_tag"] == "Push":
            short = short_name(cause["ref"])
            is_ref = short is not None and any_matches([short[1]], condition[short[0]])
            is_path = of_paths(condition, cause["changedFiles"] or [])
            return is_ref and is_path and "push" in condition["event"]
        is_branch = any_matches([cause["targetBranch"]], condition["branch"])
        is_path = of_paths(condition, [])
        is_action = (cause["action"] or "opened" if cause["action"] is None else cause["action"]) in (
            condition["types"] or ("opened", "reopened", "synchronize")
        )
        return is_branch and is_path and is_action and "pull_request" in condition["event"]

    return any(holds(condition) for condition in when)


_MEANT = ("branch", "event", "paths", "tag", "types")


def _distance(a: str, b: str) -> int:
    """In how many places one must be changed, longer or shorter to be the other."""
    row = list(range(len(b) + 1))
    for i, c in enumerate(a):
        following = [i + 1]
        for j, d in enumerate(b):
            following.append(min(row[j] + (c != d), row[j + 1] + 1, following[j] + 1))
        row = following
    return row[-1]


def _may_hold(condition: Json) -> bool:
    event, branch = condition["event"], condition["branch"]
    return bool("push" in event and (branch or condition["tag"]) or "pull_request" in event and branch and not condition["paths"])


def mistake_in(when: List[Json]) -> Optional[str]:
    """What is wrong with conditions of which none can ever hold, because of an unknown key."""
    if any(_may_hold(condition) for condition in when):
        return None
    for i, condition in enumerate(when):
        key = condition["unknown"]
        if key is not None:
            meant = min(_MEANT, key=lambda known: _distance(key, known))
            if _may_hold({**condition, meant: ["push", "pull_request"] if meant == "event" else ["**"]}):
                return f'when[{i}] has an unknown key, "{key}", so it never applies. Did you mean "{meant}"?'
    return None


# ---------------------------------------------------------------------------------------------------------------------------
# 4b. What jobs are told, statuses as readers get them, and the keys of builds (T3, T4, T5)

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = re.compile(r"CI\Z|TANGLED_|TACK_")
_NO_INPUT = re.compile(r"[^A-Z0-9_]")
_LOWER = re.compile(r"[a-z]+")


def pipeline_uri(knot: str, rkey: str) -> str:
    return f"at://did:web:{knot}/{PIPELINE}/{rkey}"


def _first_of_name(pairs: Iterable[Tuple[str, str]]) -> List[Json]:
    """Names rising; of pairs with one name the first."""
    first: Dict[str, str] = {}
    for name, value in pairs:
        first.setdefault(name, value)
    return [[name, first[name]] for name in sorted(first, key=utf16)]


def variables_of(cause: Json, default_branch: Optional[str], knot: str, repository: Json, rkey: str) -> List[Json]:
    owner, name = repository["owner"], repository["name"]
    pairs = [
        ("CI", "true"),
        ("TANGLED_PIPELINE_ID", pipeline_uri(knot, rkey)),
        ("TANGLED_REPO_DID", owner),
        ("TANGLED_REPO_KNOT", knot),
        ("TANGLED_REPO_NAME", name),
        ("TANGLED_REPO_URL", f"https://{knot}/{owner}/{name}"),
    ]

    def known(variable: str, value: Optional[str]) -> None:
        if value:
            pairs.append((variable, value))

    def of_ref(ref: Optional[str]) -> None:
        if ref is not None:
            pairs.append(("TANGLED_REF", ref))
            short = short_name(ref)
            if short is not None:
                pairs.extend((("TANGLED_REF_NAME", short[1]), ("TANGLED_REF_TYPE", short[0])))

    def of_sha(sha: Optional[str]) -> None:
        if sha is not None:
            pairs.extend((("TANGLED_COMMIT_SHA", sha), ("TANGLED_SHA", sha)))

    known("TANGLED_REPO_REPO_DID", repository["did"])
    known("TANGLED_REPO_DEFAULT_BRANCH", default_branch)
    tag = cause["_tag"]
    if tag == "Push":
        pairs.append(("TANGLED_PIPELINE_KIND", "push"))
        of_ref(cause["ref"])
        of_sha(cause["newSha"])
    elif tag == "PullRequest":
        pairs.append(("TANGLED_PIPELINE_KIND", "pull_request"))
        of_ref(f"refs/heads/{cause['sourceBranch']}")
        of_sha(cause["sourceSha"])
        pairs.append(("TANGLED_PR_SOURCE_BRANCH", cause["sourceBranch"]))
        pairs.append(("TANGLED_PR_SOURCE_SHA", cause["sourceSha"]))
        pairs.append(("TANGLED_PR_TARGET_BRANCH", cause["targetBranch"]))
        known("TANGLED_PR_ACTION", cause["action"])
    else:
        pairs.append(("TANGLED_PIPELINE_KIND", "manual"))
        of_ref(cause["ref"])
        of_sha(cause["sha"])
        for key, value in cause["inputs"]:
            raised = _LOWER.sub(lambda found: found[0].upper(), key)
            pairs.append(("TANGLED_INPUT_" + _NO_INPUT.sub("_", raised), value))
    return _first_of_name(pairs)


def with_reserved(own: Iterable[Json], reserved: List[Json]) -> List[Json]:
    kept = [(name, value) for name, value in own if _VARIABLE.fullmatch(name) and not _RESERVED.match(name)]
    return _first_of_name([*map(tuple, reserved), *kept])


def rfc3339(time_us: int) -> str:
    return (datetime(1970, 1, 1) + timedelta(microseconds=time_us)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# How long before its stamp a status is said to have been made: readers cut that time to seconds, and take the last of one second.
EARLIER_US = {"pending": 2_000_000, "running": 1_000_000}


def status_frame(entry: Json) -> str:
    build, created_us = entry["build"], entry["createdUs"]
    event = {
        "$type": STATUS,
        "pipeline": pipeline_uri(build["knot"], build["rkey"]),
        "workflow": build["workflow"],
        "status": entry["status"],
        "createdAt": rfc3339(max(0, created_us - EARLIER_US.get(entry["status"], 0))),
    }
    for name in ("error", "exitCode"):
        if entry[name] is not None:
            event[name] = entry[name]
    return _frame(tid_of(created_us), STATUS, event, created_us)


def _frame(rkey: str, nsid: str, event: Json, created_us: int) -> str:
    head = _encode({"rkey": rkey, "nsid": nsid, "event": event})
    return f'{head[:-1]},"created":{created_us * 1000}}}'


def pipeline_frame(entry: Json) -> str:
    """The announcement of a run, complete for its kind."""
    cause, repository = entry["cause"], entry["repository"]
    repo = {"knot": entry["knot"], "did": repository["owner"], "repo": repository["name"]}
    if repository["did"]:
        repo["repoDid"] = repository["did"]
    repo["defaultBranch"] = entry["defaultBranch"] or ""
    if cause["_tag"] == "Push":
        kind, name, told = "push", "push", {key: cause[key] for key in ("ref", "oldSha", "newSha")}
    elif cause["_tag"] == "PullRequest":
        kind, name, told = "pull_request", "pullRequest", {key: cause[key] for key in ("sourceBranch", "targetBranch", "sourceSha")}
        if cause["action"] is not None:
            told["action"] = cause["action"]
    else:
        kind, name, told = "manual", "manual", {"inputs": [{"key": key, "value": value} for key, value in cause["inputs"]]}
    workflows = [
        {"name": each["name"], "engine": each["engine"], "raw": each["text"], "clone": {key: each["clone"][key] for key in ("skip", "depth", "submodules")}}
        for each in entry["workflows"]
    ]
    event = {"$type": PIPELINE, "triggerMetadata": {"kind": kind, "repo": repo, name: told}, "workflows": workflows}
    return _frame(entry["rkey"], PIPELINE, event, entry["createdUs"])


# Pipelines, as clients read them (S17)

NAME_MAX = 40
PAGE_TEXT_MAX = 262_144
KINDS = {"Push": "push", "PullRequest": "pull_request", "Manual": "manual"}


def shown_name(name: str) -> str:
    return name if len(name) <= NAME_MAX else name[: NAME_MAX - 1] + "…"


def present(**named: Json) -> Json:
    return {name: value for name, value in named.items() if value is not None}


def announced(runs: Dict[str, Json]) -> List[Json]:
    """The runs that are pipelines, the newest first."""
    those = [run for run in runs.values() if run["announced"] is not None]
    return sorted(those, key=lambda run: run["announced"]["createdUs"], reverse=True)


def pipeline_id(run: Json) -> str:
    return tid_of(run["announced"]["createdUs"])


def trigger_view(cause: Json, commit: str) -> Json:
    if cause["_tag"] == "Push":
        return {"$type": "sh.tangled.ci.trigger#push", **{name: cause[name] for name in ("newSha", "oldSha", "ref")}}
    if cause["_tag"] == "PullRequest":
        names = ("action", "sourceBranch", "sourceSha", "targetBranch")
        return {"$type": "sh.tangled.ci.trigger#pullRequest", **present(**{name: cause[name] for name in names})}
    inputs = [{"key": key, "value": value} for key, value in cause["inputs"]]
    return {"$type": "sh.tangled.ci.trigger#manual", "sha": commit, **present(inputs=inputs or None, ref=cause["ref"])}


def workflow_view(name: str, build: Json) -> Json:
    has_ended = is_terminal(build["status"])
    return {
        "id": name,
        "name": shown_name(name),
        "status": build["status"],
        **present(
            error=build["error"],
            finishedAt=rfc3339(build["statusUs"]) if has_ended else None,
            startedAt=None if build["startedUs"] is None else rfc3339(build["startedUs"]),
        ),
    }


def workflow_called(name: str, workflows: List[str]) -> Optional[str]:
    """The workflow that clients call so: by its whole name, or by what is shown of it."""
    shown = [each for each in workflows if shown_name(each) == name]
    return name if name in workflows else shown[0] if shown else None


def pipeline_view(run: Json) -> Json:
    commit, did = sha_of(run["cause"]) or "0" * 40, run["repository"]["did"]
    return {
        "commit": commit,
        "createdAt": rfc3339(run["announced"]["createdUs"]),
        "id": pipeline_id(run),
        "trigger": trigger_view(run["cause"], commit),
        "workflows": [workflow_view(name, run["builds"][name]) for name in sorted(run["builds"], key=utf16)],
        **present(repo=did if is_did(did) else None),
    }


def pipelines_page(runs: Dict[str, Json], asked: Json) -> Json:
    matching = [
        run
        for run in announced(runs)
        if run["repository"]["did"] == asked["repo"] and (asked["kinds"] is None or KINDS[run["cause"]["_tag"]] in asked["kinds"])
    ]
    if asked["commits"] is not None:  # of each commit the newest
        newest: Dict[str, Json] = {}
        for run in matching:
            newest.setdefault(sha_of(run["cause"]) or "", run)
        matching = [run for commit, run in newest.items() if commit in asked["commits"] and commit]
    pipelines: List[Json] = []
    text = 0
    for run in matching:
        if asked["cursor"] is not None and run["announced"]["createdUs"] >= min(tid_time_us(asked["cursor"]), MAX_SAFE):
            continue
        if pipelines and (len(pipelines) == asked["limit"] or text > PAGE_TEXT_MAX):
            return {"cursor": pipelines[-1]["id"], "pipelines": pipelines, "total": len(matching)}
        view = pipeline_view(run)
        pipelines.append(view)
        text += sum(units(each["id"]) + units(each.get("error", "")) for each in view["workflows"])
        text += sum(units(each["key"]) + units(each["value"]) for each in view["trigger"].get("inputs", []))
    return {"cursor": None, "pipelines": pipelines, "total": len(matching)}


def decode_cursor(text: str) -> Optional[Json]:
    if not is_nanos(text):
        return None
    time_us = min(int(text) // 1000, MAX_SAFE)
    return {"isWhole": time_us * 1000 == int(text), "timeUs": time_us}


def build_key(name: Json) -> str:
    def segment(text: str) -> str:
        return "".join(
            c if c in "abcdefghijklmnopqrstuvwxyz0123456789_-" or (c == "." and i > 0) else "".join(f"={byte:02x}" for byte in c.encode("utf-8"))
            for i, c in enumerate(text)
        )

    return "/".join(segment(name[part]) for part in ("knot", "rkey", "workflow"))


# ---------------------------------------------------------------------------------------------------------------------------
# 5. Configuration, events, reports: what else comes in, written (The written form)
#
# A reader takes a JSON value and gives it back without the keys it does not know, or raises Refused. Readers are made of readers
# as the schemas in spec/data/schema/ are made of schemas.

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
a_knot_rejection = one_of("size", "binary", "utf8", "json", "frame", "nsid", "rkey", "created", "trigger")
a_sha = such(is_sha, "the name of an object")
a_workflow_name = such(is_workflow_name, "the name of a workflow")
a_collection = one_of(MEMBER, REPO, COLLABORATOR)
a_status = one_of("pending", "running", "success", "failed", "timeout", "cancelled")
a_kind = one_of("pipeline", "refUpdate")
a_token_id = such(lambda text: re.fullmatch(r"[!-~]{1,256}", text) is not None, "the id of a token")
a_token_key = such(lambda text: re.fullmatch(r"did:[!-~]+ [!-~]{1,256}", text) is not None, "<caller> <id> of a token")
a_shape = one_of("bare", "named", "detailed", "past")
an_exit_code = integer(-MAX_SAFE, MAX_SAFE)


def a_pair(value: Json) -> Json:
    if not isinstance(value, list) or len(value) < 2:
        refuse(value, "a pair")
    return [a_text(value[0]), a_text(value[1])]


pairs_of_text = array(a_pair)
a_build_name = fields(knot=a_host, rkey=an_rkey, workflow=a_workflow_name)
a_repository = fields(did=a_text, name=a_text, owner=a_did, rkey=an_rkey)
a_clone = fields(depth=a_natural, skip=a_boolean, submodules=a_boolean)
a_step = fields(command=a_text, environment=pairs_of_text, name=a_text)
a_condition = fields(
    branch=array(a_text), event=array(a_text), paths=nullable(array(a_text)), tag=array(a_text), types=nullable(array(a_text)),
    unknown=nullable(a_text),
)
a_workflow = by(
    "_tag",
    Defined=fields(
        clone=a_clone,
        content=a_text,
        engine=nullable(a_text),
        environment=pairs_of_text,
        name=a_workflow_name,
        steps=array(a_step),
        targets=array(fields(pipeline=a_text, provider=a_text, settings=pairs_of_text)),
        units=a_natural,
        when=array(a_condition),
    ),
    Faulty=fields(content=a_text, error=a_text, name=a_workflow_name, when=nullable(array(a_condition))),
)
a_recipe = fields(
    clone=a_clone, environment=pairs_of_text, pipeline=a_text, provider=a_text, settings=pairs_of_text, steps=array(a_step)
)
a_wish = by("_tag", Manual=fields(inputs=pairs_of_text, ref=nullable(a_text), sha=nullable(a_sha)))
a_cause = by(
    "_tag",
    Push=fields(changedFiles=nullable(array(a_text)), newSha=a_sha, oldSha=a_sha, ref=a_text, skipsCi=a_boolean),
    PullRequest=fields(action=nullable(a_text), sourceBranch=a_text, sourceSha=a_sha, targetBranch=a_text),
    Manual=fields(inputs=pairs_of_text, ref=nullable(a_text), sha=nullable(a_sha)),
)
sources_of_workflows = nullable(array(fields(name=a_workflow_name, text=a_text)))
a_trigger = fields(
    actor=nullable(a_did),
    cause=a_cause,
    defaultBranch=nullable(a_text),
    kind=a_kind,
    repo=fields(did=nullable(a_did), knot=nullable(a_text), name=nullable(a_text), owner=nullable(a_did)),
    shape=nullable(a_shape),
    unkept=array(a_text),
    workflows=sources_of_workflows,
)
an_announced_workflow = fields(clone=a_clone, engine=a_text, name=a_workflow_name, text=a_text)
an_entry = fields(build=a_build_name, createdUs=a_time, error=nullable(a_text), exitCode=nullable(an_exit_code), status=a_status)

an_admission = one_of("members", "open")
a_hostname = such(bool, "text that is not empty")  # F6
a_host_policy = fields(defaultPort=integer(1, 65535), loopback=a_boolean, ports=a_boolean)
a_backoff = fields(baseMs=a_natural, capMs=a_natural, healthyAfterMs=a_natural)

a_build_policy = fields(
    allow=array(fields(pipelines=a_text, provider=a_text, repos=a_text)),
    backoff=a_backoff,
    keepStatuses=a_natural,
    keepUnits=a_natural,
    owedUnits=a_natural,
    pendingMs=a_natural,
    providers=array(a_text),
    runningMs=a_natural,
)

some_caps = fields(admitted=a_natural, stranger=a_natural, strangers=a_natural)

read_config = fields(
    admission=an_admission,
    backfill=a_boolean,
    builds=a_build_policy,
    caps=some_caps,
    collaborators=one_of("knots", "records"),
    hostname=a_hostname,
    hosts=a_host_policy,
    jetstream=a_text,
    jetstreamBackoff=a_backoff,
    knotBackoff=a_backoff,
    owner=a_did,
    rewindUs=a_time,
    toleranceUs=a_time,
)


of_stream = dict(at=a_time, connection=a_natural)
of_frame = dict(**of_stream, ordinal=nullable(a_natural))
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


of_access = dict(at=a_time, knot=a_host, number=a_natural, repo=a_text)
an_access = by(
    "_tag", ByRecords=fields(), ByKnot=fields(collaborators=array(a_did), owner=a_did), Denied=fields(detail=a_text, keepsLists=a_boolean)
)
of_files = dict(at=a_time, knot=a_host, number=a_natural, rkey=an_rkey)
of_answer = dict(at=a_time, build=a_build_name, number=a_natural)
a_requested = by(
    "_tag",
    Records=fields(did=a_did),
    Access=fields(knot=a_host, repo=a_text),
    Workflows=fields(knot=a_host, rkey=an_rkey),
    Build=fields(build=a_build_name),
)
of_wish = dict(at=a_time, knot=a_host, rkey=an_rkey, workflow=nullable(a_workflow_name))


def listed_in(collection: str) -> Reader:
    return fields(record=fields(**{name: a_text for name in RECORD_FIELDS[collection]}), rkey=an_rkey)


def commit_of(collection: str) -> Reader:
    record = fields(**{name: a_text for name in RECORD_FIELDS[collection]})
    return fields(**of_frame, did=a_did, record=nullable(record), rev=nullable(a_tid), rkey=an_rkey, timeUs=a_time)


read_event = by(
    "_tag",
    Started=fields(at=a_time, config=read_config, resumeFrom=nullable(a_time)),
    StopRequested=fields(at=a_time),
    PassedOver=fields(about=a_text, at=a_time, of=a_text),
    TimerFired=fields(
        at=a_time,
        timer=by(
            "_tag",
            JetstreamTimer=fields(connection=a_natural),
            KnotTimer=fields(connection=a_natural, host=a_host),
            RequestTimer=fields(number=a_natural, requested=a_requested),
            PushTimer=fields(knot=a_host, number=a_natural, rkey=an_rkey),
            SourceTimer=fields(knot=a_host, number=a_natural),
            DeadlineTimer=fields(build=a_build_name, number=a_natural),
        ),
    ),
    JetstreamOpened=fields(**of_stream),
    JetstreamClosed=fields(**of_stream, poisoned=a_boolean),
    CommitReceived=by("collection", **{collection: commit_of(collection) for collection in RECORD_FIELDS}),
    AccountReceived=fields(
        **of_frame,
        active=a_boolean,
        changedUs=nullable(a_time),
        did=a_did,
        seq=nullable(a_natural),
        status=nullable(a_text),
        timeUs=a_time,
    ),
    StreamAdvanced=fields(**of_frame, count=a_natural, firstUs=a_time, lastUs=a_time),
    FrameRejected=fields(**of_rejection, connection=a_natural, ordinal=nullable(a_natural), timeUs=nullable(a_time)),
    KnotOpened=fields(**of_knot),
    KnotClosed=fields(**of_knot),
    KnotReceived=fields(
        **of_knot,
        created=nullable(nanoseconds),
        nsid=an_nsid,
        payload=by("_tag", Trigger=fields(trigger=a_trigger), Unreadable=fields(detail=a_text), Other=fields()),
        rkey=an_rkey,
    ),
    CollaboratorUpdated=fields(
        **of_knot, created=nullable(nanoseconds), rkey=an_rkey, update=fields(op=one_of("add", "remove"), repo=a_did, subject=a_did)
    ),
    KnotFrameRejected=fields(**of_knot, detail=a_text, reason=a_knot_rejection),
    AccessRead=fields(**of_access, access=an_access),
    RecordsRead=fields(
        at=a_time,
        collection=a_collection,
        did=a_did,
        next=nullable(a_text),
        number=a_natural,
        records=array(by("collection", **{collection: listed_in(collection) for collection in RECORD_FIELDS})),
    ),
    WorkflowsRead=fields(**of_files, defaultBranch=nullable(a_text), sources=sources_of_workflows, unkept=array(a_text), workflows=array(a_workflow)),
    BuildAccepted=fields(**of_answer, external=a_text),
    BuildMissing=fields(**of_answer, settleMs=a_natural),
    BuildReported=fields(
        at=a_time,
        build=a_build_name,
        error=nullable(a_text),
        exitCode=nullable(an_exit_code),
        external=a_text,
        provider=a_text,
        status=a_status,
    ),
    CancelAcknowledged=fields(**of_answer),
    RequestFailed=fields(at=a_time, error=a_text, isFinal=a_boolean, number=a_natural, requested=a_requested, waitMs=a_natural),
    CancelRequested=fields(**of_wish),
    RetryRequested=fields(**of_wish),
    CallReceived=fields(
        at=a_time,
        call=by(
            "_tag",
            CancelPipeline=fields(pipeline=a_tid, repo=a_did, workflows=nullable(array(a_workflow_name))),
            TriggerPipeline=fields(cause=a_wish, repo=a_did, workflows=nullable(array(a_workflow_name))),
        ),
        caller=a_did,
        token=fields(id=a_token_id, untilUs=a_time),
    ),
)

read_report = by(
    "_tag",
    FrameRejected=fields(**of_rejection),
    FrameFromFuture=fields(at=a_time, did=nullable(a_did), timeUs=a_time),
    Gap=fields(askedUs=a_time, at=a_time, gotUs=a_time),
    KnotRefused=fields(at=a_time, did=a_did, knot=a_text, rkey=an_rkey),
    FieldTooLong=fields(at=a_time, collection=a_collection, did=a_did, field=a_text, limit=a_natural, rkey=an_rkey),
    KeyRefused=fields(at=a_time, collection=a_collection, did=a_did, rkey=an_rkey),
    KnotFrameRejected=fields(at=a_time, detail=a_text, host=a_host, reason=a_knot_rejection),
    KnotFrameFromFuture=fields(at=a_time, created=nanoseconds, host=a_host),
    RecordsReadFailed=fields(at=a_time, detail=a_text, did=a_did),
    AccessReadFailed=fields(at=a_time, detail=a_text, knot=a_host, repo=a_text),
    TriggerIgnored=fields(
        at=a_time,
        knot=a_host,
        reason=one_of("deleted", "unmoved", "ref", "skipped", "repo", "kind", "before", "workflows"),
        rkey=an_rkey,
    ),
    TriggerRefused=fields(at=a_time, detail=a_text, knot=a_host, reason=one_of("knot", "actor", "rkey", "limit"), rkey=an_rkey),
    WorkflowsReadFailed=fields(at=a_time, detail=a_text, knot=a_host, rkey=an_rkey),
    WorkflowDropped=fields(at=a_time, build=a_build_name, detail=a_text, reason=one_of("when", "engine", "limit")),
    WorkflowNameRefused=fields(at=a_time, detail=a_text, knot=a_host, name=a_text, rkey=an_rkey),
    ProviderUncertain=fields(at=a_time, build=a_build_name, detail=a_text, provider=a_text),
    BuildAbandoned=fields(at=a_time, build=a_build_name, detail=a_text, provider=a_text),
    ReportRefused=fields(at=a_time, build=a_build_name, provider=a_text),
    PassedOver=fields(about=a_text, at=a_time, of=a_text),
)


# ---------------------------------------------------------------------------------------------------------------------------
# 6. Connections and the cursor of the stream (S3–S5, S11, D1, D2, D9, D10, D12)

Pair = Tuple[List[Effect], List[Report]]

FIRST_TIME = 10**15  # D10: from here on a server takes what it is asked for as microseconds
BY_TIME_FROM = 5  # D10: the attempt in a row from which on the number is not asked for
ANSWER_MS = 10_000  # D10: how long a number may be unanswered
PASS_FROM = 3  # D12: the poisonous loss from which on a frame is passed
PASS_US = 1_000_000
POWER_LIMIT = 30


def longest_pause(backoff: Json, attempt: int) -> int:
    return min(backoff["capMs"], backoff["baseMs"] * 2 ** min(attempt, POWER_LIMIT))


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
        high_ms = longest_pause(backoff, paused)
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
class Given:
    """What every part goes by, and none has of its own: the configuration of the last start, and whether a stop has come since."""

    config: Json
    is_stopped: bool = False

    def see(self, event: Event) -> None:
        if event["_tag"] == "Started":
            self.config, self.is_stopped = event["config"], False
        elif event["_tag"] == "StopRequested":
            self.is_stopped = True


@dataclass
class Stream:
    """The part `cursor`: how far the stream has come, and its connection."""

    given: Given
    connection: Connection = field(default_factory=lambda: Connection(0))
    cursor: Optional[int] = None
    asked_us: Optional[int] = None
    mark: Optional[Json] = None  # D10: the number of the frame that the cursor stands on, and who gave it
    passed_us: int = 0
    poisonings: int = 0
    replay_us: Optional[int] = None
    reread_us: Optional[int] = None

    @classmethod
    def of(cls, given: Given, read: Json) -> Stream:
        if read["rereadUs"] is not None and (read["cursor"] is None or read["rereadUs"] >= read["cursor"]):
            refuse(read["rereadUs"], "a re-reading that lies before the cursor")
        if read["mark"] is not None and (read["cursor"] is None or read["rereadUs"] is not None):
            refuse(read["mark"], "the mark of a cursor before which nothing is read again")
        return cls(
            given,
            read["connection"],
            read["cursor"],
            read["askedUs"],
            read["mark"],
            read["passedUs"],
            read["poisonings"],
            read["replayUs"],
            read["rereadUs"],
        )

    def written(self) -> Json:
        return {
            "askedUs": self.asked_us,
            "connection": self.connection.written(),
            "cursor": self.cursor,
            "mark": self.mark,
            "passedUs": self.passed_us,
            "poisonings": self.poisonings,
            "replayUs": self.replay_us,
            "rereadUs": self.reread_us,
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
        return min(position, max(0, position - self.given.config["rewindUs"], self.passed_us))

    def ordinal_to_ask(self) -> Optional[int]:
        """D10: the number that the connection asks for, beside the time."""
        if self.mark is None or self.mark["url"] != self.given.config["jetstream"]:
            return None
        return self.mark["ordinal"] if self.poisonings < PASS_FROM and self.connection.attempt < BY_TIME_FROM else None

    def is_awaited(self) -> bool:
        """Whether the connection was asked for by number, and nothing has come that answers."""
        return self.connection.is_up() and self.asked_us is not None and self.ordinal_to_ask() is not None

    def is_marked(self, event: Event) -> bool:
        stamps = stamps_of(event)
        first_us = stamps[0] if stamps else None
        return self.mark is not None and event["ordinal"] == self.mark["ordinal"] and first_us == self.cursor

    def is_astray(self, event: Event) -> bool:
        """Whether the frame shows that a number has led elsewhere."""
        return self.is_awaited() and not self.is_marked(event)

    def is_repeated(self, event: Event) -> bool:
        """Whether a rejected frame has been here before, most likely."""
        return event["timeUs"] is not None and self.replay_us is not None and event["timeUs"] <= self.replay_us

    def see(self, event: Event) -> Pair:
        tag = event["_tag"]
        if tag in STREAM_FRAMES:
            return (self._by_time(), []) if self.is_astray(event) else ([], self._frame(event))
        if tag == "Started":
            return self._started(event), []
        if tag == "StopRequested":
            return self._stopped(), []
        if tag == "JetstreamOpened" and self.is_opened_by(event):
            self.connection.open(event["at"])
            if self.is_awaited():
                timer = {"_tag": "JetstreamTimer", "connection": self.connection.number}
                return [{"_tag": "WakeAfter", "highMs": ANSWER_MS, "lowMs": ANSWER_MS, "timer": timer}], []
        if tag == "JetstreamClosed" and event["connection"] == self.connection.number and self.connection.is_up():
            return self._closed(event)
        if tag == "TimerFired" and event["timer"] == {"_tag": "JetstreamTimer", "connection": self.connection.number}:
            return self._woken(), []
        return [], []

    def is_opened_by(self, event: Event) -> bool:
        """Whether this is the opening of the connection that is being made."""
        return event["connection"] == self.connection.number and self.connection.phase == "Connecting"

    def _open(self) -> List[Effect]:
        self.asked_us, self.replay_us = self.resume_at(), self.cursor
        return [
            {
                "_tag": "OpenJetstream",
                "connection": self.connection.number,
                "cursor": self.asked_us,
                "ordinal": self.ordinal_to_ask(),
            }
        ]

    def _by_time(self) -> List[Effect]:
        """D10: the number is forgotten, and another connection asks for the time, at once."""
        close = {"_tag": "CloseJetstream", "connection": self.connection.number}
        self.mark = None
        self.connection.number, self.connection.phase = self.connection.number + 1, "Connecting"
        return [close, *self._open()]

    def _started(self, event: Event) -> List[Effect]:
        self.connection.begin(self.connection.number + 1, "Connecting")
        resume_from = event["resumeFrom"]
        if resume_from is not None:
            self.asked_us = resume_from
            self.mark = None
            self.poisonings = 0
            self.reread_us = resume_from if self.cursor is not None and resume_from < self.cursor else None
        return self._open()

    def _stopped(self) -> List[Effect]:
        closes: List[Effect] = []
        if self.connection.is_up():
            closes.append({"_tag": "CloseJetstream", "connection": self.connection.number})
        self.connection.begin(self.connection.number + 1, "Idle")
        return closes

    def _woken(self) -> List[Effect]:
        if self.connection.phase == "Open" and self.is_awaited():
            return self._by_time()
        if self.connection.phase != "Waiting":
            return []
        self.connection.phase = "Connecting"
        return self._open()

    def _closed(self, event: Event) -> Pair:
        reports = self._poisoned(event["at"]) if event["poisoned"] else []
        timer = {"_tag": "JetstreamTimer"}
        return self.connection.pause(event["at"], self.given.config["jetstreamBackoff"], self.connection.number + 1, timer), reports

    def _poisoned(self, at: int) -> List[Report]:
        """D12: from the third such loss on, step over what must lie there; 1 s, 2 s, 4 s, …"""
        furthest = self.furthest()
        if furthest is None:  # nothing to pass: from now is behind it already
            return []
        self.poisonings += 1
        if self.poisonings < PASS_FROM:
            return []
        self.mark = None
        self.passed_us = min(MAX_SAFE, furthest + PASS_US * 2 ** min(self.poisonings - PASS_FROM, 20))
        return [{"_tag": "Gap", "askedUs": furthest, "at": at, "gotUs": self.passed_us}]

    def _frame(self, event: Event) -> List[Report]:
        reports = self._moved(event)
        if event["_tag"] == "FrameRejected" and not self.is_repeated(event):
            reports.append({name: event[name] for name in ("_tag", *of_rejection)})
        return reports

    def _moved(self, event: Event) -> List[Report]:
        if self.is_awaited():
            self.asked_us = None  # the very frame: nothing can have been missed
        stamps = stamps_of(event)
        if stamps is None:
            return []
        first_us, last_us = stamps
        if is_from_future(event):  # D1: neither an answer, nor followed
            named = event["did"] if event["_tag"] in ("CommitReceived", "AccountReceived") else None
            return [{"_tag": "FrameFromFuture", "at": event["at"], "did": named, "timeUs": last_us}]
        reports = self._answered(event["at"], first_us)
        if self.cursor is None or last_us >= self.cursor:
            ordinal, url = event["ordinal"], self.given.config["jetstream"]
            self.mark = None if ordinal is None or url == "" else {"ordinal": ordinal, "url": url}
        self._advance(last_us)
        return reports

    def _answered(self, at: int, time_us: int) -> List[Report]:
        """D10: the first event after a resume says where the server began."""
        asked_us, self.asked_us = self.asked_us, None
        if asked_us is None or time_us <= asked_us + self.given.config["toleranceUs"]:
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
    mark=nullable(fields(ordinal=a_natural, url=a_text)),
    passedUs=a_time,
    poisonings=a_natural,
    replayUs=nullable(a_time),
    rereadUs=nullable(a_time),
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


class SetAside(NamedTuple):
    """The last event that set an account aside, and whether a later one has made it active since."""

    changed_us: int
    is_over: bool
    seq: int


@dataclass
class Account:
    active: bool
    as_of_us: int
    floor: Optional[Floor] = None
    set_aside: Optional[SetAside] = None
    horizon_us: Optional[int] = None  # how far the stream had come when it was admitted
    slots: Dict[str, Dict[str, Slot]] = field(default_factory=lambda: {collection: {} for collection in RECORD_FIELDS})
    text: Optional[str] = None  # canonical, as long as nothing has changed

    @classmethod
    def read(cls, value: Json) -> Account:
        read = _read_account_state(value)
        floor, aside = read["floor"], read["setAside"]
        return cls(
            read["active"],
            read["asOfUs"],
            None if floor is None else Floor(floor["rev"], floor["timeUs"]),
            None if aside is None else SetAside(aside["changedUs"], aside["isOver"], aside["seq"]),
            read["horizonUs"],
            {
                collection: {key: Slot(slot["record"], slot["rev"], slot["timeUs"]) for key, slot in read[name].items()}
                for name, collection in SLOTS_OF.items()
            },
        )

    def written(self) -> Json:
        floor, aside = self.floor, self.set_aside
        account = {
            "active": self.active,
            "asOfUs": self.as_of_us,
            "floor": None if floor is None else {"rev": floor.rev, "timeUs": floor.time_us},
            "horizonUs": self.horizon_us,
            "setAside": None if aside is None else {"changedUs": aside.changed_us, "isOver": aside.is_over, "seq": aside.seq},
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

    def size(self) -> int:
        """How many keys are known, tombstones included."""
        return sum(map(len, self.slots.values()))

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


def is_sent_again(account: Account, event: Event) -> bool:
    """D5: whether the event is the one that set the account aside last."""
    aside = account.set_aside
    return aside is not None and not event["active"] and (aside.changed_us, aside.seq) == (event["changedUs"], event["seq"])


def is_account_news(account: Account, event: Event) -> bool:
    """D5: whether an account event is neither older than what we know, nor over and done with."""
    is_over = account.set_aside is not None and account.set_aside.is_over
    is_before = account.horizon_us is not None and event["timeUs"] <= account.horizon_us
    return event["timeUs"] >= account.as_of_us and not is_before and not (is_over and is_sent_again(account, event))


def is_of_a_reading(slot: Slot) -> bool:
    """B2: what was read gives way to what is read again, and to every commit."""
    return slot.rev is None and slot.time_us == 0


def is_untouched(slot: Optional[Slot]) -> bool:
    """Whether no commit is known at the key."""
    return slot is None or is_of_a_reading(slot)


def key_refused(event: Event, collection: str, key: str) -> Report:
    return {"_tag": "KeyRefused", "at": event["at"], "collection": collection, "did": event["did"], "rkey": key}


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

    given: Given
    accounts: Dict[str, Account] = field(default_factory=dict)
    members: Counter = field(default_factory=Counter)  # subject: how many live records make it a member
    holders: Dict[str, set] = field(default_factory=dict)  # host: the names of those that hold it
    was_held: Dict[str, bool] = field(default_factory=dict)  # of the hosts touched in this step: whether it was held before
    let_go: List[Tuple[str, str, str]] = field(default_factory=list)  # (DID, rkey, knot) of holds that this step took away
    subjects: List[str] = field(default_factory=list)  # who may have come or gone
    were_members: frozenset = frozenset()
    named: Counter = field(default_factory=Counter)  # as `members`, also while the owner is set aside
    read_again: List[str] = field(default_factory=list)  # who is known only now, and to be read
    cursor: Optional[int] = None  # how far the stream has come

    def see(self, event: Event, former: Json, cursor: Optional[int]) -> List[Report]:
        """`former`: the configuration before the event."""
        tag = event["_tag"]
        self.let_go, self.subjects, self.read_again, self.cursor = [], [], [], cursor
        if tag in ("CommitReceived", "AccountReceived", "RecordsRead", "Started"):
            self.were_members = frozenset(self.members)
            self.subjects = [event["did"]] if "did" in event else []
        if tag == "CommitReceived":
            return self._commit(event)
        if tag == "RecordsRead":
            return self._read(event)
        if tag == "AccountReceived":
            self._account(event)
        elif tag == "Started":
            self._configure(former, event["config"])
        return []

    def holds(self) -> Tuple[List[str], List[str]]:
        """Which hosts this step has given their first holder, and which have lost their last; ascending."""
        touched, self.was_held = sorted(self.was_held.items()), {}
        gained = [host for host, before in touched if not before and host in self.holders]
        return gained, [host for host, before in touched if before and host not in self.holders]

    def released(self) -> List[Tuple[str, str, str]]:
        """The holds that this step has taken away, by subject and key."""
        return sorted({(did, key, host) for did, key, host in self.let_go if f"{did}/{key}" not in self.holders.get(host, ())})

    def came_and_went(self) -> List[Tuple[str, bool]]:
        """Who has become a member in this step, and who is none any more."""
        changed = [did for did in set(self.subjects) if is_did(did) and (did in self.members) != (did in self.were_members)]
        return sorted([(did, did in self.members) for did in changed] + [(did, True) for did in self.read_again])

    # Who is known (D7)

    def is_selective(self) -> bool:
        """Whether only those are known who are admitted."""
        return self.given.config["admission"] == "members" and self.given.config["backfill"]

    def is_ours(self, did: str) -> bool:
        return did == self.given.config["owner"] or self.named[did] > 0

    def is_stranger(self, did: str) -> bool:
        return self.is_selective() and did != self.given.config["owner"] and did not in self.accounts

    def has_room(self, did: str) -> bool:
        """(A shell with many rows would keep count of strangers' keys.)"""
        caps = self.given.config["caps"]
        own = self.accounts[did].size() if did in self.accounts else 0
        if self.is_ours(did):
            return own < caps["admitted"]
        strangers = sum(account.size() for other, account in self.accounts.items() if not self.is_ours(other))
        return own < caps["stranger"] and strangers < caps["strangers"]

    def incoherence(self) -> Optional[str]:
        for did, account in self.accounts.items():
            if not self.is_remembered(did, account) or (account.horizon_us is not None and not self.is_selective()):
                return did
        members = [did for did in self.members if is_did(did)]
        return next((did for did in members if did not in self.accounts), None) if self.is_selective() else None

    def is_remembered(self, did: str, account: Account) -> bool:
        return self.is_ours(did) if self.is_selective() else account.floor is not None or account.size() > 0

    def _settle(self) -> None:
        """Where only those are known who are admitted: whoever is not named any more goes, whoever has become a member is known from now on."""
        if not self.is_selective():
            return
        for did in [did for did in self.accounts if not self.is_ours(did)]:
            self._forget(did)
        for did in self.members:
            if is_did(did):
                self._admit(did)

    def _forget(self, did: str) -> None:
        for key, slot in self.accounts[did].slots[REPO].items():
            self._replace_hold(did, key, slot.record, None)
        del self.accounts[did]

    def _admit(self, did: str) -> bool:
        if did in self.accounts:
            return False
        self.accounts[did] = Account(True, self.cursor or 0, horizon_us=self.cursor)
        return True

    # Commits

    def _commit(self, event: Event) -> List[Report]:
        did, key, collection, time_us = event["did"], event["rkey"], event["collection"], event["timeUs"]
        if self.is_stranger(did):
            return []
        rev = usable_rev(event)
        account = self.accounts.get(did)
        before = account.slots[collection].get(key) if account else None
        if account and not is_above(account.floor, rev):
            return []
        if account and account.horizon_us is not None and time_us <= account.horizon_us and (before is None or before.rev is None):
            return []
        if not is_news(before, rev, time_us):
            return []
        if before is None and not self.has_room(did):
            return [key_refused(event, collection, key)]
        record, reports = event["record"], []
        if record is not None:
            record = within_limits(record)
        if record is not None and collection == REPO:
            knot = host_name(self.given.config["hosts"], record["knot"])
            if knot is None and record["knot"] != "":  # D6
                refused = excerpt(record["knot"])
                reports.append({"_tag": "KnotRefused", "at": event["at"], "did": did, "knot": refused, "rkey": key})
            record = {**record, "knot": knot}
        if account is None:
            account = self.accounts[did] = Account(True, stamp_of(event))
        after = Slot(record, before.rev if before and rev is None else rev, max(time_us, before.time_us if before else 0))
        account.slots[collection][key] = after
        account.text = None
        if collection == REPO:
            self._replace_hold(did, key, before and before.record, record)
        elif collection == MEMBER and did == self.given.config["owner"]:
            old = before.record if before else None
            self.subjects = [self._subject(old), self._subject(record)]
            self._count_members([old], [record], account.active)
            self._settle()
        return reports + self._too_long(event, collection, key, event["record"])

    def _too_long(self, event: Event, collection: str, key: str, record: Json) -> List[Report]:
        common = {"_tag": "FieldTooLong", "at": event["at"], "collection": collection, "did": event["did"], "rkey": key}
        return [{**common, "field": name, "limit": RECORD_LIMITS[name]} for name in overlong(record or {})]

    # Records, read (B2)

    def _read(self, event: Event) -> List[Report]:
        """A record that is read applies where no commit is known; every commit is news to it."""
        did = event["did"]
        account = self.accounts.get(did)
        if not event["records"] or (account is not None and account.floor is not None):
            return []
        is_new = account is None
        if account is None:
            account = self.accounts[did] = Account(True, 0)
        reports, long = [], []
        touched = {(of, key) for of, slots in account.slots.items() for key, slot in slots.items() if not is_of_a_reading(slot)}
        for listed in event["records"]:
            collection, key, record = listed["collection"], listed["rkey"], within_limits(listed["record"])
            before = account.slots[collection].get(key)
            if not is_untouched(before):
                continue
            if before is None and not self.has_room(did):
                reports.append(key_refused(event, collection, key))
                continue
            self._put(did, account, collection, key, record)
            if collection == REPO and record["knot"] != "" and host_name(self.given.config["hosts"], record["knot"]) is None:
                refused = excerpt(record["knot"])
                reports.append({"_tag": "KnotRefused", "at": event["at"], "did": did, "knot": refused, "rkey": key})
        for listed in event["records"]:
            collection, key = listed["collection"], listed["rkey"]
            if (collection, key) not in touched and key in account.slots[collection]:
                long += self._too_long(event, collection, key, listed["record"])
        account.text = None
        if is_new and account.size() == 0:
            del self.accounts[did]
        if did == self.given.config["owner"]:
            self._settle()
            self.subjects = [*self.were_members, *self.members]
        reports += long
        return reports

    def _put(self, did: str, account: Account, collection: str, key: str, record: Json) -> None:
        before = account.slots[collection].get(key)
        if before is not None and not is_of_a_reading(before):
            return
        if collection == REPO:
            record = {**record, "knot": host_name(self.given.config["hosts"], record["knot"])}
        account.slots[collection][key] = Slot(record, None, 0)
        if collection == REPO:
            self._replace_hold(did, key, before and before.record, record)
        elif collection == MEMBER and did == self.given.config["owner"]:
            self._count_members([before.record] if before else [], [record], account.active)

    # Who may have what built (T2)

    def entitlement(self, knot: str, claim: Json, actor: Optional[str], access: Access) -> Tuple[str, Json]:
        """Both gates: whether the knot may speak for the repository, and whether the actor has a say in it."""
        repositories = [each for each in self.claimed(knot, claim) if not access.is_denied(knot, each)]
        if not repositories:
            return "Unknown", None
        owners = {each["owner"] for each in repositories}
        own = [each for each in repositories if each["owner"] == actor]
        # Where several owners claim one repository, it cannot be told whose it is.
        judged = own or (repositories if len(owners) == 1 else [])
        for say, meaning in (("granted", "Entitled"), ("unknown", "Undecided")):
            for each in judged:
                if self.say_of(knot, each, actor, access) == say:
                    return meaning, each
        return "NotEntitled", repositories[0]

    def say_of(self, knot: str, repository: Json, actor: Optional[str], access: Access) -> str:
        """Whether the actor has a say: "granted", "refused", or "unknown" while the knot has not said."""
        said = access.of(knot, repository)
        if said is None:
            return "unknown"
        if access.is_denied(knot, repository):
            return "refused"
        if said["_tag"] == "ByKnot" and actor not in (None, repository["owner"]):
            return "granted" if actor in said["collaborators"] else "refused"
        return "granted" if self.may_say(repository, actor) else "refused"

    def claims(self) -> Dict[str, set]:
        """Who claims each repository, which is named `<knot>/<DID>`. (A shell with many rows would keep them.)"""
        claimed: Dict[str, set] = {}
        for host, names in self.holders.items():
            for name in names:
                did, key = name.split("/", 1)
                repo = self.accounts[did].slots[REPO][key].record["repoDid"]
                claimed.setdefault(f"{host}/{repo if is_did(repo) else ''}", set()).add(did)
        return claimed

    def _repository_at(self, knot: str, did: str, key: str) -> List[Json]:
        """The repository of a record, if it counts, is admitted, and holds that knot through us."""
        account = self.accounts[did]
        slot = account.slots[REPO][key] if account.active else None
        row = slot.record if slot else None
        if row is None or row["knot"] != knot or not self._does_hold(did, row):
            return []
        return [{"did": row["repoDid"], "name": row["name"] or key, "owner": did, "rkey": key}]

    def claimed(self, knot: str, claim: Json) -> List[Json]:
        """The repositories that the claim may mean. (A shell with many rows would keep an index of their DIDs.)"""
        did, name, owner = claim["did"], claim["name"], claim["owner"]
        by_did = [
            (f"{whose}/{key}", whose, key)
            for whose, account in (self.accounts.items() if did is not None else ())
            for key, slot in account.slots[REPO].items()
            if slot.record is not None and slot.record["spindle"] == self.given.config["hostname"] and slot.record["repoDid"] == did
        ]
        those = [each for _, whose, key in sorted(by_did) if owner in (None, whose) for each in self._repository_at(knot, whose, key)]
        account = self.accounts.get(owner) if owner is not None and name is not None else None
        if those or account is None:
            return those
        slots = sorted(account.slots[REPO].items())
        keys = [key for key, slot in slots if key == name or (slot.record is not None and slot.record["name"] == name)]
        return [each for key in keys for each in self._repository_at(knot, owner, key)]

    def may_say(self, repository: Json, actor: Optional[str]) -> bool:
        """Whether the actor may push; where the knot names nobody, it answers for that itself."""
        did, owner = repository["did"], repository["owner"]
        if actor is None or actor == owner:
            return True
        uri = f"at://{owner}/{REPO}/{repository['rkey']}"
        records = [slot.record for slot in self.accounts[owner].slots[COLLABORATOR].values() if slot.record is not None]
        return any(
            each["subject"] == actor and (each["repo"] == uri or (did != "" and did in (each["repo"], each["repoDid"]))) for each in records
        )

    def repository_of_caller(self, did: str, caller: str, access: Access) -> Optional[Tuple[str, Json]]:
        """The repository of that DID in which whoever calls has a say, and its knot; where that comes to several knots, nobody has one."""
        claim = {"did": did, "knot": None, "name": None, "owner": None}
        found = [(knot, *self.entitlement(knot, claim, caller, access)) for knot in sorted(self.holders)]
        entitled = [(knot, repository) for knot, verdict, repository in found if verdict == "Entitled"]
        return entitled[0] if len(entitled) == 1 else None

    def is_held(self, knot: str, repository: Json) -> bool:
        return f"{repository['owner']}/{repository['rkey']}" in self.holders.get(knot, ())

    # Accounts (D5)

    def _account(self, event: Event) -> None:
        """The gate compares the stamp as it came; what is remembered of one from the future is its receipt."""
        account = self.accounts.get(event["did"])
        if account is None or not is_account_news(account, event):
            return
        changed_us = event["timeUs"] if event["changedUs"] is None else event["changedUs"]
        is_repeat, aside, floor = is_sent_again(account, event), account.set_aside, account.floor
        account.as_of_us = max(account.as_of_us, stamp_of(event))
        self._set_active(event["did"], account, event["active"])
        account.text = None
        if event["active"]:
            if aside is not None and event["changedUs"] is not None and event["changedUs"] > aside.changed_us:
                account.set_aside = aside._replace(is_over=True)
            return
        says_both = event["changedUs"] is not None and event["seq"] is not None
        account.set_aside = SetAside(event["changedUs"], False, event["seq"]) if says_both else None
        happened_us = min(changed_us, event["timeUs"], event["at"])
        if event["status"] == "deleted" and not is_repeat and (floor is None or happened_us > floor.time_us):
            if account.horizon_us is not None and happened_us <= account.horizon_us:
                return
            is_owner = event["did"] == self.given.config["owner"]
            account.floor = Floor(account.greatest_rev(), happened_us)
            account.slots = {collection: {} for collection in RECORD_FIELDS}
            if is_owner:
                self.named = Counter()
                self._settle()

    def _set_active(self, did: str, account: Account, active: bool) -> None:
        if account.active == active:
            return
        account.active = active
        self._review(did)
        if did == self.given.config["owner"]:
            before, self.members = self.members, Counter(self.named) if active else Counter()
            for subject in {*before, *self.members}:
                self._review(subject)
            if active:
                self._settle()
            self.subjects = [*self.were_members, *self.members]

    # Members (D7) and holders (S13)

    def is_admitted(self, did: str) -> bool:
        return self.given.config["admission"] == "open" or did == self.given.config["owner"] or self.members[did] > 0

    def _subject(self, record: Optional[Json]) -> str:
        """Whom a member record of the owner makes a member, or nobody."""
        return record["subject"] if record is not None and record["instance"] == self.given.config["hostname"] else ""

    def _count_members(self, gone: Iterable[Optional[Json]], come: Iterable[Optional[Json]], is_active: bool) -> None:
        change: Counter = Counter(self._subject(record) for record in come)
        change.subtract(self._subject(record) for record in gone)
        del change[""]  # a Counter does not mind if it is not there
        for subject, difference in change.items():
            was_member = subject in self.members
            self.named[subject] += difference
            if self.named[subject] == 0:
                del self.named[subject]
            if not is_active:
                continue
            self.members.pop(subject, None)
            if subject in self.named:
                self.members[subject] = self.named[subject]
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
            self.let_go.append((did, key, before["knot"]))
            if not holders:
                del self.holders[before["knot"]]
        if after is not None and self._does_hold(did, after):
            self._touch(after["knot"]).add(name)

    def _touch(self, host: str) -> set:
        self.was_held.setdefault(host, host in self.holders)
        return self.holders.setdefault(host, set())

    def _does_hold(self, did: str, record: Json) -> bool:
        names_us = record["knot"] is not None and record["spindle"] == self.given.config["hostname"]
        return names_us and self.accounts[did].active and self.is_admitted(did)

    # Configuration

    def _configure(self, former: Json, config: Json) -> None:
        """A changed configuration: other hosts read the knots again, without a report; the rest makes other holds."""
        if all(config[name] == former[name] for name in ("admission", "backfill", "caps", "hostname", "hosts", "owner")):
            if self.is_selective() and self._admit(config["owner"]):
                self.read_again = [config["owner"]]
            return
        if config["hosts"] != former["hosts"]:
            for account in self.accounts.values():
                repos = account.slots[REPO]
                for key, slot in repos.items():
                    if slot.record is not None and slot.record["knot"] is not None:
                        knot = host_name(config["hosts"], slot.record["knot"])
                        repos[key] = slot._replace(record={**slot.record, "knot": knot})
                account.text = None
        held = list(self.holders)
        gone = [(*name.rsplit("/", 1), host) for host, names in self.holders.items() for name in names]
        self.derive()
        for did, account in list(self.accounts.items()):
            if not self.is_remembered(did, account):
                del self.accounts[did]
            elif account.horizon_us is not None and not self.is_selective():
                account.horizon_us, account.text = None, None
        self.derive()
        if self.is_selective():
            for did in sorted({config["owner"], *(did for did in self.members if is_did(did))}):
                if self._admit(did) and (did in self.members) == (did in self.were_members):
                    self.read_again.append(did)
        self.let_go = gone
        self.subjects = [*self.were_members, *self.members]
        self.was_held = {host: False for host in self.holders}
        self.was_held.update((host, True) for host in held)

    def derive(self) -> None:
        """Members and holders, from the rows alone."""
        self.members, self.named, self.holders = Counter(), Counter(), {}
        owner = self.accounts.get(self.given.config["owner"])
        if owner is not None:
            self._count_members([], [slot.record for slot in owner.slots[MEMBER].values()], owner.active)
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
    horizonUs=nullable(a_time),
    setAside=nullable(fields(changedUs=a_time, isOver=a_boolean, seq=a_natural)),
    members=slots_of(a_record(MEMBER)),
    repos=slots_of(a_record(REPO, knot=nullable(a_host))),
    collaborators=slots_of(a_record(COLLABORATOR)),
)


# ---------------------------------------------------------------------------------------------------------------------------
# 8. Knots: subscriptions, their connections and cursors (S13–S17, D4, D9)


@dataclass
class Subscription:
    connection: Connection
    since: str
    cursor: Optional[str] = None

    @classmethod
    def read(cls, value: Json) -> Subscription:
        return cls(**fields(connection=Connection.read, cursor=nullable(nanoseconds), since=nanoseconds)(value))

    def written(self) -> Json:
        return {"connection": self.connection.written(), "cursor": self.cursor, "since": self.since}

    def ask(self, host: str) -> Effect:
        """One nanosecond before the cursor: knots deliver what is later, and older ones stamp several frames alike."""
        cursor = None if self.cursor is None else str(max(0, int(self.cursor) - 1))
        return {"_tag": "SubscribeKnot", "connection": self.connection.number, "cursor": cursor, "host": host}


def since_of(at: int) -> str:
    """Clocks of knots may be as wrong as stamps may be at all (D1)."""
    return str(max(0, at - FUTURE_US) * 1000)


@dataclass
class Knots:
    """The part `knots`."""

    given: Given
    next: int = 1
    subscriptions: Dict[str, Subscription] = field(default_factory=dict)
    arrived: Optional[Event] = None  # a frame of this step that carries a trigger which may count
    left: List[Tuple[str, Optional[str]]] = field(default_factory=list)  # knots that lost their last holder in this step, with their cursors
    opened: bool = False  # whether a connection was opened in this step
    told: Optional[Json] = None  # what a frame of this step tells of who may push, with its knot

    def written(self) -> Json:
        return {
            "next": self.next,
            "subscriptions": [[host, self.subscriptions[host].written()] for host in sorted(self.subscriptions)],
        }

    def _number(self) -> int:
        self.next += 1
        return self.next - 1

    def align(self, at: int, gained: List[str], lost: List[str]) -> List[Effect]:
        """S13, D4: subscribe what has got its first holder, unsubscribe what has lost its last."""
        effects = []
        for host in gained:
            connection = Connection(self._number(), 0, "Idle" if self.given.is_stopped else "Connecting")
            self.subscriptions[host] = Subscription(connection, since_of(at))
            effects.append(self.subscriptions[host].ask(host))
        self.left = [(host, self.subscriptions[host].cursor) for host in sorted(lost)]
        for host in lost:
            effects.append(self._unsubscribe(host, self.subscriptions.pop(host)))
        return effects

    @staticmethod
    def _unsubscribe(host: str, subscription: Subscription) -> Effect:
        return {"_tag": "UnsubscribeKnot", "connection": subscription.connection.number, "host": host}

    def see(self, event: Event) -> Pair:
        tag = event["_tag"]
        self.arrived, self.opened, self.told = None, False, None
        if tag == "Started":
            return self._started(event["at"]), []
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

    def _started(self, at: int) -> List[Effect]:
        effects = []
        for host in sorted(self.subscriptions):
            subscription = self.subscriptions[host]
            subscription.since = min(subscription.since, since_of(at), key=int)  # a clock that was ahead does not count for ever
            subscription.connection.begin(self._number(), "Connecting")
            effects.append(subscription.ask(host))
        return effects

    def _stopped(self) -> List[Effect]:
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
        return [subscription.ask(timer["host"])]

    def _knot(self, event: Event, subscription: Subscription) -> Pair:
        tag, at, host, connection = event["_tag"], event["at"], event["host"], subscription.connection
        if tag == "KnotOpened":
            self.opened = connection.phase == "Connecting"
            connection.open(at)
        elif tag == "KnotClosed" and connection.is_up():
            timer = {"_tag": "KnotTimer", "host": host}
            return connection.pause(at, self.given.config["knotBackoff"], self._number(), timer), []
        elif tag == "KnotFrameRejected":
            return [], [{name: event[name] for name in ("_tag", "at", "detail", "host", "reason")}]
        elif tag in ("KnotReceived", "CollaboratorUpdated"):
            return [], self._frame(event, subscription)
        return [], []

    def _frame(self, event: Event, subscription: Subscription) -> List[Report]:
        """The cursor of a knot is the greatest `created`; a frame without was created at the time in its key, or a margin before its receipt."""
        at, created, rkey = event["at"], event["created"], event["rkey"]
        if created is not None:
            stamp = int(created)
        elif is_tid(rkey) and not is_tid_after(rkey, at, FUTURE_US):
            stamp = min(tid_time_us(rkey), MAX_SAFE) * 1000
        else:
            stamp = max(0, at - self.given.config["rewindUs"]) * 1000
        reports = self._trigger(event, subscription, stamp)
        if created is not None and int(created) > min(MAX_SAFE, at + FUTURE_US) * 1000:
            return reports + [{"_tag": "KnotFrameFromFuture", "at": at, "created": created, "host": event["host"]}]
        if subscription.cursor is None or stamp > int(subscription.cursor):
            subscription.cursor = str(stamp)
        return reports

    def _trigger(self, event: Event, subscription: Subscription, stamp: int) -> List[Report]:
        """T1: what was created before we listened is none."""
        if event["_tag"] == "CollaboratorUpdated":
            self.told = {"knot": event["host"], **event["update"]}
            return []
        at, host, payload = event["at"], event["host"], event["payload"]
        if payload["_tag"] == "Other":
            return []
        if payload["_tag"] == "Unreadable":
            return [{"_tag": "KnotFrameRejected", "at": at, "detail": payload["detail"], "host": host, "reason": "trigger"}]
        if stamp < int(subscription.since):
            return [{"_tag": "TriggerIgnored", "at": at, "knot": host, "reason": "before", "rkey": event["rkey"]}]
        self.arrived = event
        return []


KNOT_EVENTS = frozenset(("KnotOpened", "KnotClosed", "KnotReceived", "CollaboratorUpdated", "KnotFrameRejected"))

_read_knots = fields(
    next=a_natural,
    subscriptions=entries(a_host, Subscription.read),
)


# ---------------------------------------------------------------------------------------------------------------------------
# 8a. The backfill: reading who was there before (B1–B3)

COLLECTIONS = (MEMBER, REPO, COLLABORATOR)
PAGES_MAX = 100


@dataclass
class Backfill:
    given: Given
    accounts: Dict[str, Json] = field(default_factory=dict)
    isOpen: bool = False
    next: int = 1
    owner: Optional[str] = None

    def written(self) -> Json:
        names = ("isOpen", "next", "owner")
        return {"accounts": [[did, self.accounts[did]] for did in sorted(self.accounts)], **{name: getattr(self, name) for name in names}}

    def _number(self) -> int:
        self.next += 1
        return self.next - 1

    def _ask(self, did: str, reading: Json, attempt: int = 0) -> List[Effect]:
        """The page that the reading stands at, or waiting for the stream to open."""
        may_ask = self.isOpen and not self.given.is_stopped
        number = self._number()
        self.accounts[did] = {**reading, "request": {"attempt": attempt, "number": number, "phase": "Asked" if may_ask else "Waiting"}}
        asked = {"_tag": "ReadRecords", "collection": reading["collection"], "cursor": reading["cursor"], "did": did, "number": number}
        return [asked] if may_ask else []

    def _begin(self, did: str) -> List[Effect]:
        return self._ask(did, {"collection": MEMBER, "cursor": None, "pages": 0})

    def _current(self, did: str, number: int, phase: str) -> Optional[Json]:
        reading = self.accounts.get(did)
        return reading if reading and is_in(reading["request"], phase, number) else None

    def is_awaited(self, event: Event) -> bool:
        reading = self._current(event["did"], event["number"], "Asked")
        return reading is not None and reading["collection"] == event["collection"]

    def see(self, event: Event, commits: Commits) -> Pair:
        owner = self.owner
        effects, reports = self._see(event)
        changes = commits.came_and_went()
        if self.owner != owner:  # with the owner's reading begin those of members that are known from before
            present = [(did, True) for did in sorted(commits.members, key=utf16) if is_did(did)]
            changes = [change for change in changes if not change[1]] + present
        if self.given.config["backfill"]:
            for did, has_come in changes:
                if has_come:
                    effects = effects + self._begin(did)
                elif did != self.owner:
                    self.accounts.pop(did, None)
        return effects, reports

    def _see(self, event: Event) -> Pair:
        tag = event["_tag"]
        if tag == "Started":
            return self._started(event["config"]), []
        if tag == "JetstreamOpened" and not self.isOpen:
            self.isOpen = True
            readings = [(did, self.accounts[did]) for did in sorted(self.accounts)]
            return [effect for did, reading in readings for effect in self._ask(did, reading, reading["request"]["attempt"])], []
        elif tag == "AccountReceived" and event["did"] in self.accounts:
            return self._begin(event["did"]), []
        elif tag == "RecordsRead":
            return self._page(event), []
        elif tag == "RequestFailed" and event["requested"]["_tag"] == "Records":
            return self._failed(event)
        elif tag == "TimerFired" and event["timer"]["_tag"] == "RequestTimer" and event["timer"]["requested"]["_tag"] == "Records":
            did = event["timer"]["requested"]["did"]
            reading = self._current(did, event["timer"]["number"], "Pausing")
            return (self._ask(did, reading, reading["request"]["attempt"]) if reading else []), []
        return [], []

    def _started(self, config: Json) -> List[Effect]:
        before = self.owner
        self.isOpen = False
        if not config["backfill"]:
            self.accounts, self.owner = {}, None
            return []
        self.owner = config["owner"]
        if before not in (None, self.owner):
            self.accounts.pop(before, None)
        for did in sorted(self.accounts):
            self._ask(did, self.accounts[did])
        return [] if before == self.owner else self._begin(self.owner)

    def _page(self, event: Event) -> List[Effect]:
        did, reading, following = event["did"], self.accounts[event["did"]], event["next"]
        if not (following is None or following == reading["cursor"] or reading["pages"] + 1 >= PAGES_MAX):
            return self._ask(did, {**reading, "cursor": following, "pages": reading["pages"] + 1})
        place = COLLECTIONS.index(reading["collection"]) + 1
        if place == len(COLLECTIONS):
            del self.accounts[did]
            return []
        return self._ask(did, {**reading, "collection": COLLECTIONS[place], "cursor": None, "pages": 0})

    def _failed(self, event: Event) -> Pair:
        did = event["requested"]["did"]
        reading = self._current(did, event["number"], "Asked")
        if reading is None:
            return [], []
        request, timer = failed(self.given.config["builds"]["backoff"], event, self._number(), reading["request"])
        self.accounts[did] = {**reading, "request": request}
        return [timer], [{"_tag": "RecordsReadFailed", "at": event["at"], "detail": event["error"], "did": did}]


# The life of a request: asked, answered or failed, a pause, and asked again

ATTEMPTS = 30  # how often a request is made before it is left alone, where nothing else ends it


def asked(number: int, attempt: int = 0) -> Json:
    return {"attempt": attempt, "number": number, "phase": "Asked"}


def is_in(request: Json, phase: str, number: int) -> bool:
    return bool(request["phase"] == phase and request["number"] == number)


def pausing(requested: Json, number: int, attempt: int, low_ms: int, high_ms: int) -> Tuple[Json, Effect]:
    timer = {"_tag": "RequestTimer", "number": number, "requested": requested}
    return {"attempt": attempt, "number": number, "phase": "Pausing"}, {"_tag": "WakeAfter", "highMs": high_ms, "lowMs": low_ms, "timer": timer}


def failed(backoff: Json, event: Event, number: int, request: Json) -> Tuple[Json, Effect]:
    """A pause that is never nothing, so that what was asked for has time to show."""
    high_ms = longest_pause(backoff, request["attempt"])
    low_ms = max(high_ms // 2, event["waitMs"])
    return pausing(event["requested"], number, request["attempt"] + 1, low_ms, max(high_ms, low_ms))


a_request = fields(attempt=a_natural, number=a_natural, phase=one_of("Waiting", "Asked", "Pausing"))

_read_backfill = fields(
    accounts=entries(
        a_did,
        fields(collection=a_collection, cursor=nullable(a_text), pages=a_natural, request=a_request),
    ),
    isOpen=a_boolean,
    next=a_natural,
    owner=nullable(a_did),
)


# ---------------------------------------------------------------------------------------------------------------------------
# 8c. Access: who may push, as knots say (T2)

#: How many entries, and how many collaborators on lists, there is room for: of the owner or one who is named, of a stranger, and of all when a stranger's comes.
ROOM_OF_OURS, ROOM_OF_STRANGER, ROOM_WITH_STRANGERS = (5_000, 50_000), (500, 5_000), (25_000, 100_000)
COLLABORATORS_MAX = 500
AGAIN_MS = (10_800_000, 21_600_000)  # after how long a list is read again
BELIEVED_US = 86_400_000_000  # how long one counts that cannot be read again

BY_RECORDS: Json = {"_tag": "ByRecords"}
UNASKED: Json = {"_tag": "Denied", "detail": "the knot is not asked about it", "keepsLists": False}


def collaborators_in(entry: Json) -> int:
    access = entry["access"]
    return len(access["collaborators"]) if access is not None and access["_tag"] == "ByKnot" else 0


def says_lists(entry: Json) -> bool:
    """Whether the entry says that its knot keeps lists."""
    access = entry["access"]
    return access is not None and (access["_tag"] == "ByKnot" or (access["_tag"] == "Denied" and access["keepsLists"]))


@dataclass
class Access:
    """An entry for each repository that a record claims, by `<knot>/<DID>`. Entries are replaced, never changed."""

    given: Given
    entries: Dict[str, Json] = field(default_factory=dict)
    next: int = 1
    claimants: Dict[str, set] = field(default_factory=dict)  # who claims each repository, after the last step
    lost: List[Tuple[str, str]] = field(default_factory=list)  # repositories that are not whose they were any more, by this step

    def written(self) -> Json:
        return {"entries": [[key, self.entries[key]] for key in sorted(self.entries)], "next": self.next}

    def of(self, knot: str, repository: Json) -> Optional[Json]:
        """What counts of who may push; None while it is not known."""
        if self.given.config["collaborators"] == "records":
            return BY_RECORDS
        did = repository["did"]
        entry = self.entries.get(f"{knot}/{did if is_did(did) else ''}")
        return UNASKED if entry is None else entry["access"]

    def is_denied(self, knot: str, repository: Json) -> bool:
        """Whether its knot or the document of its DID says otherwise than the record."""
        said = self.of(knot, repository)
        if said is None or said["_tag"] == "ByRecords":
            return False
        return said["_tag"] == "Denied" or said["owner"] != repository["owner"]

    def _number(self) -> int:
        self.next += 1
        return self.next - 1

    def _ask(self, key: str, entry: Json, is_stopped: bool, attempt: int = 0) -> List[Effect]:
        number, account = self._number(), self._asked_for(key, entry)
        request = {"attempt": attempt, "number": number, "phase": "Waiting" if is_stopped else "Asked"}
        self.entries[key] = {**entry, "isOutdated": False, "request": request}
        knot, repo = key.split("/", 1)
        return [] if is_stopped else [{"_tag": "ReadAccess", "account": account, "knot": knot, "number": number, "repo": repo}]

    def _asked_for(self, key: str, entry: Json) -> str:
        """In whose turns the repository is asked about."""
        owner = self._owner_of_list(entry)
        if owner in self.claimants[key]:
            return owner
        return min((self._entries_of(did), did) for did in self.claimants[key])[1]

    def _entries_of(self, did: str) -> int:
        """Of how many repositories that the account claims there are entries. (A shell with many would keep count.)"""
        return sum(did in self.claimants[key] for key in self.entries)

    def _pause(self, key: str, entry: Json, low_ms: int, high_ms: int) -> List[Effect]:
        """It is known, and asked for again after a pause."""
        knot, repo = key.split("/", 1)
        request, timer = pausing({"_tag": "Access", "knot": knot, "repo": repo}, self._number(), 0, low_ms, high_ms)
        self.entries[key] = {**entry, "isOutdated": False, "request": request}
        return [timer]

    @staticmethod
    def _is_over(entry: Json, at: int) -> bool:
        return entry["asOfUs"] is None or at - entry["asOfUs"] > BELIEVED_US

    def see(self, event: Event, commits: Commits, told: Optional[Json]) -> Pair:
        self.lost = []
        former, self.claimants = self.claimants, commits.claims()
        if self.given.config["collaborators"] == "records":
            self.entries = {}
            return [], []
        is_start = event["_tag"] == "Started"
        effects, reports = self._align(event["at"], former, commits, is_start)
        if is_start:
            effects = []  # the start asks for all of them itself
        if told is not None:
            effects = effects + self._told(told)
        more, further = self._see(event, commits)
        return effects + more, reports + further

    def _align(self, at: int, former: Dict[str, set], commits: Commits, is_start: bool) -> Pair:
        """An entry for each repository that is claimed, as far as there is room, and no other."""
        effects: List[Effect] = []
        reports: List[Report] = []
        self.entries = {key: entry for key, entry in self.entries.items() if key in self.claimants}
        come = {key: dids - former.get(key, set()) for key, dids in self.claimants.items()}
        for key, entry in list(self.entries.items()):
            if self._owner_of_list(entry) in come[key] | (former.get(key, set()) - self.claimants[key]):
                self.entries[key] = {**entry, "access": {**entry["access"], "collaborators": []}}
        for key in sorted(self.claimants):
            known = self.entries.get(key)
            tried = self.claimants[key] if known is None and is_start else come[key]
            if known is not None:
                if self._owner_of_list(known) in tried:
                    effects += self._ask(key, known, self.given.is_stopped or is_start)
            elif any(self._has_room(commits, did) for did in tried):
                entry = {"access": None, "asOfUs": None, "isOutdated": False, "request": None}
                effects += self._ask(key, entry, self.given.is_stopped or is_start)
            elif tried:
                knot, repo = key.split("/", 1)
                reports.append({"_tag": "AccessReadFailed", "at": at, "detail": "there are too many repositories", "knot": knot, "repo": repo})
        return effects, reports

    @staticmethod
    def _owner_of_list(entry: Json) -> Optional[str]:
        """Whom the knot calls the owner, where there is a list."""
        access = entry["access"]
        return access["owner"] if access is not None and access["_tag"] == "ByKnot" else None

    def _has_room(self, commits: Commits, did: str) -> bool:
        """Whether there is room for one more of what the account claims."""
        own = self._entries_of(did)
        if commits.is_ours(did):
            return own < ROOM_OF_OURS[0]
        return own < ROOM_OF_STRANGER[0] and len(self.entries) < ROOM_WITH_STRANGERS[0]

    def _has_room_for(self, commits: Commits, key: str, owner: str, count: int) -> bool:
        """Whether there is room for a list of the owner's, in place of what the entry has."""
        lists = [(self._owner_of_list(each), collaborators_in(each)) for of, each in self.entries.items() if of != key and self._owner_of_list(each) in self.claimants[of]]
        own = sum(each for whose, each in lists if whose == owner) + count
        if count > COLLABORATORS_MAX:
            return False
        if commits.is_ours(owner):
            return own <= ROOM_OF_OURS[1]
        return own <= ROOM_OF_STRANGER[1] and sum(each for _, each in lists) + count <= ROOM_WITH_STRANGERS[1]

    def _told(self, told: Json) -> List[Effect]:
        """Whoever goes, goes at once; whoever comes has to be on the list, which is read again."""
        key = f"{told['knot']}/{told['repo']}"
        entry = self.entries.get(key)
        if entry is None:
            return []
        access, is_removal = entry["access"], told["op"] == "remove"
        is_list = access is not None and access["_tag"] == "ByKnot"
        if is_removal and is_list:
            access = {**access, "collaborators": [did for did in access["collaborators"] if did != told["subject"]]}
        entry = {**entry, "access": access}
        if entry["request"]["phase"] == "Asked":
            self.entries[key] = {**entry, "isOutdated": True}
        elif is_removal and is_list:
            self.entries[key] = entry
        else:
            return self._ask(key, entry, self.given.is_stopped)
        return []

    def _see(self, event: Event, commits: Commits) -> Pair:
        tag = event["_tag"]
        if tag == "Started":
            effects: List[Effect] = []
            for key in sorted(self.entries):
                entry = dict(self.entries[key])
                if self._is_over(entry, event["at"]):
                    entry["access"] = None
                effects += self._ask(key, entry, False) if entry["access"] is None else self._pause(key, entry, 0, AGAIN_MS[1])
            return effects, []
        if tag == "TimerFired" and event["timer"]["_tag"] == "RequestTimer":
            requested, number = event["timer"]["requested"], event["timer"]["number"]
            entry = self._entry(requested, number, "Pausing")
            if entry is None:
                return [], []
            return self._ask(f"{requested['knot']}/{requested['repo']}", entry, self.given.is_stopped, entry["request"]["attempt"]), []
        if tag in ("AccessRead", "RequestFailed"):
            requested = {**event, "_tag": "Access"} if tag == "AccessRead" else event["requested"]
            entry = self._entry(requested, event["number"], "Asked")
            if entry is not None:
                key = f"{requested['knot']}/{requested['repo']}"
                return self._read(key, entry, event, commits) if tag == "AccessRead" else self._failed(key, entry, event)
        return [], []

    def _entry(self, requested: Json, number: int, phase: str) -> Optional[Json]:
        """The entry that the event is about, if its request stands so under that number."""
        if requested["_tag"] != "Access":
            return None
        entry = self.entries.get(f"{requested['knot']}/{requested['repo']}")
        is_it = entry is not None and entry["request"]["phase"] == phase and entry["request"]["number"] == number
        return entry if is_it else None

    def _failed(self, key: str, entry: Json, event: Event) -> Pair:
        knot, repo = key.split("/", 1)
        access = None if self._is_over(entry, event["at"]) else entry["access"]
        request, timer = failed(self.given.config["builds"]["backoff"], event, self._number(), entry["request"])
        self.entries[key] = {**entry, "access": access, "isOutdated": False, "request": request}
        return [timer], [{"_tag": "AccessReadFailed", "at": event["at"], "detail": event["error"], "knot": knot, "repo": repo}]

    def _untaken(self, key: str, entry: Json, event: Event, error: str) -> Pair:
        """An answer that is not taken is none."""
        requested = {"_tag": "Access", "knot": event["knot"], "repo": event["repo"]}
        return self._failed(key, entry, {"at": event["at"], "error": error, "requested": requested, "waitMs": 0})

    def _read(self, key: str, entry: Json, event: Event, commits: Commits) -> Pair:
        if entry["isOutdated"]:  # what was told meanwhile may be later than the answer
            return self._ask(key, entry, self.given.is_stopped), []
        before, access = entry["access"], event["access"]
        if access["_tag"] == "ByKnot":
            is_idle = access["owner"] not in self.claimants[key]  # the list is nobody's
            access = {**access, "collaborators": [] if is_idle else sorted(set(access["collaborators"]))}
            if not is_idle and not self._has_room_for(commits, key, access["owner"], len(access["collaborators"])):
                return self._untaken(key, entry, event, "there are too many collaborators")
        if access["_tag"] == "ByRecords" and event["repo"] != "":
            if any(says_lists(each) for of, each in self.entries.items() if of.startswith(f"{event['knot']}/")):
                return self._untaken(key, entry, event, "the knot, which keeps lists, says that it keeps none")
        effects = self._pause(key, {**entry, "access": access, "asOfUs": event["at"]}, *AGAIN_MS)
        was = None if before is None else before["_tag"]
        if access["_tag"] == "Denied":
            is_lost = was != "Denied"
        else:
            is_lost = access["_tag"] == "ByKnot" and not (was == "ByKnot" and before is not None and before["owner"] == access["owner"])
        if is_lost:
            knot, repo = key.split("/", 1)
            self.lost = [(knot, repo)]
        return effects, []


_read_access = fields(
    entries=entries(
        such(lambda text: re.fullmatch(r"[^/]+/(did:[^/]+)?", text) is not None, "a host and a DID"),
        fields(
            access=nullable(an_access),
            asOfUs=nullable(a_time),
            isOutdated=a_boolean,
            request=a_request,
        ),
    ),
    next=a_natural,
)


# ---------------------------------------------------------------------------------------------------------------------------
# 8b. Builds: from a trigger to a status (T1–T7)

SAID = ("PublishPipeline", "PublishStatus")  # what is let out while the bridge is stopped, besides reports
#: How long a build is pending before it says that its provider does not answer (T5).
QUIETLY_US = 60_000_000

RANKS = {"pending": 0, "running": 1, "success": 2, "failed": 2, "timeout": 2, "cancelled": 2}
FINAL_ATTEMPTS = 5  # how often a "no" is doubted: a knot may tell of a commit before it gives it out
RKEY_MAX = 80
TOKENS_OF_CALLER_MAX, TOKENS_MAX = 100, 5_000
WAITING_SIXTEENTH = 200  # of the runs of one knot that may wait for their files
SPENT_MAX = 200
MISTAKEN_MAX = 1_000
SENTENCE_UNITS = 1_000
NOT_THEIRS = "The knot does not say that the repository is its owner’s."
WITHDRAWN = "The repository does not name this spindle any more, or its owner is not a member any more."


def is_terminal(status: str) -> bool:
    return RANKS[status] == 2


def key_of(name: Json) -> str:
    return f"{name['knot']}/{name['rkey']}"


READER_MARGIN_US = 60_000_000
TEXTS_UNITS = 65_536  # what an announcement repeats of files
RUN_UNITS_MAX = 1_048_576  # what a run may be
RUN_UNITS, BUILD_UNITS = 1_024, 1_024  # what it counts, and each build, besides what trigger and files brought
SHARES = {  # in sixteenths, of owedUnits: of all runs, of those of one knot, of those for one account; the first and the last of who waits on a knot, too
    "owner": (16, 8, 16),
    "member": (12, 4, 2),
    "stranger": (8, 2, 1),
}
PLAIN_CLONE: Json = {"depth": 0, "skip": False, "submodules": False}


def is_begun_by_push(run: Json) -> bool:
    return run["cause"]["_tag"] == "Push" and run["retryOf"] is None


def units_of_run(run: Json) -> int:
    own = [run["cause"], run["repository"], run["announced"], run["only"], run["phase"].get("workflows")]
    return RUN_UNITS + sum(map(units_of, own)) + sum(BUILD_UNITS + units_of(build["recipe"]) for build in run["builds"].values())


def is_over(run: Json) -> bool:
    """Whether a run has its builds, and nothing of them is owed any more."""
    builds = run["builds"].values()
    return run["phase"]["_tag"] == "Read" and bool(builds) and all(build["phase"]["_tag"] == "Settled" for build in builds)


def told_of(push: Json, repository: Json, actor: Optional[str], kind: str, outcome: str) -> Json:
    """A push that was told of, and of which there is no run."""
    return {
        "actor": actor,
        "kind": kind,
        "newSha": push["newSha"],
        "oldSha": push["oldSha"],
        "outcome": outcome,
        "owner": repository["owner"],
        "record": repository["rkey"],
        "ref": push["ref"],
    }


def told_in(run: Json) -> Json:
    """The push of a run that came to nothing; None where no counterpart may come."""
    if not is_begun_by_push(run):
        return None
    return told_of(run["cause"], run["repository"], run["actor"], run["kind"], "over" if run["met"] is None else "met")


def course_of(shape: Optional[str], source: Json) -> str:
    """What becomes of a refUpdate that nothing has told of yet, by what its knot has sent (T1)."""
    if shape == "bare":
        return "left"
    if shape not in ("named", "detailed"):
        return "now"
    if source["details"]:
        return "wait" if source["pipelines"] else "now"
    return "left" if source["pipelines"] else "wait"


NEW_SOURCE: Json = {"details": False, "forgotten": None, "leaving": None, "pipelines": False, "spent": {}}
WAIT_MS = 5_000  # how long a push waits for its pipeline


@dataclass
class Builds:
    """A run and a build are replaced, never changed: whoever goes through several of them sees them as they were."""

    given: Given
    members: Dict[str, int] = field(default_factory=Counter)  # those of the rows
    floorUs: Optional[int] = None
    lastUs: int = 0
    mistaken: List[str] = field(default_factory=list)
    next: int = 1
    sources: Dict[str, Json] = field(default_factory=dict)
    tokens: Dict[str, int] = field(default_factory=dict)  # used ones, "<caller> <id>", and until when each could be used
    tokensUs: int = 0
    runs: Dict[str, Json] = field(default_factory=dict)
    log: Dict[int, Json] = field(default_factory=dict)  # statuses, by createdUs, which rises
    effects: List[Effect] = field(default_factory=list)  # of the input that is being taken
    reports: List[Report] = field(default_factory=list)

    def written(self) -> Json:
        names = ("floorUs", "lastUs", "mistaken", "next", "tokensUs")
        sources = [
            [knot, {**source, "spent": [[key, source["spent"][key]] for key in sorted(source["spent"])]}] for knot, source in sorted(self.sources.items())
        ]
        tokens = [list(entry) for entry in sorted(self.tokens.items())]
        return {"sources": sources, "tokens": tokens, **{name: getattr(self, name) for name in names}}

    def written_runs(self) -> Json:
        return [[key, {**run, "builds": [[name, run["builds"][name]] for name in sorted(run["builds"], key=utf16)]}] for key, run in sorted(self.runs.items())]

    # Runs and builds, by name

    def _number(self) -> int:
        self.next += 1
        return self.next - 1

    def _build(self, name: Json) -> Optional[Json]:
        run = self.runs.get(key_of(name))
        return run["builds"].get(name["workflow"]) if run else None

    def _with_build(self, name: Json, build: Json, **changes: Json) -> None:
        run = self.runs.get(key_of(name))
        if run is not None:
            self.runs[key_of(name)] = {**run, "builds": {**run["builds"], name["workflow"]: {**build, **changes}}}

    def _builds_of(self, key: str, run: Json) -> List[Tuple[Json, Json]]:
        knot, rkey = key.split("/", 1)
        return [({"knot": knot, "rkey": rkey, "workflow": each}, run["builds"][each]) for each in sorted(run["builds"], key=utf16)]

    def _runs_of(self, knot: str) -> List[Tuple[str, Json]]:
        return [(key, run) for key, run in sorted(self.runs.items()) if key.split("/", 1)[0] == knot]

    def _source(self, knot: str) -> Json:
        return self.sources.get(knot, NEW_SOURCE)

    def _is_forgotten(self, knot: str, rkey: str) -> bool:
        """Whether a trigger with this key was acted on once, or came to nothing, so that a repeat must not count."""
        source = self._source(knot)
        spent = source["spent"]
        is_spent = rkey in spent and not (spent[rkey] is not None and spent[rkey]["outcome"] == "left")
        return (source["forgotten"] is not None and rkey <= source["forgotten"]) or is_spent

    def _spend(self, knot: str, rkey: str, told: Json) -> None:
        """The key never counts again, unless the push that it told of was left."""
        source = self._source(knot)
        spent = {**source["spent"], rkey: told}
        if len(spent) > SPENT_MAX:
            del spent[min(spent)]
        self.sources[knot] = {**source, "spent": spent}

    def _rank(self, owner: str) -> str:
        return "owner" if owner == self.given.config["owner"] else "member" if self.members[owner] > 0 else "stranger"

    def _too_many_wait(self, knot: str, owner: str, without: Optional[str] = None) -> Optional[str]:
        """Why no more runs of the knot may wait for this account, besides that of a key; None when one may. (A shell would keep the counts.)"""
        owners = [run["repository"]["owner"] for key, run in self._runs_of(knot) if run["phase"]["_tag"] != "Read" and key != without]
        of_all, _, of_owner = (share * WAITING_SIXTEENTH for share in SHARES[self._rank(owner)])
        if len(owners) >= of_all:
            return f"{of_all} triggers of this knot are waiting"
        return f"{of_owner} triggers of this knot are waiting for one account" if owners.count(owner) >= of_owner else None

    def _remember(self, knot: str) -> None:
        self.sources[knot] = self._source(knot)

    def _come_to_nothing(self, key: str) -> None:
        """The run, which waited for its files or its pipeline, goes, and its trigger must not count again."""
        knot, rkey = key.split("/", 1)
        run = self.runs.pop(key, None)
        if run is not None and not is_key_ours(run):
            self._spend(knot, rkey, told_in(run))

    def _report(self, tag: str, at: int, **named: Json) -> None:
        self.reports.append({"_tag": tag, "at": at, **named})

    # Statuses (T4, T6)

    def _forget(self, name: Json) -> None:
        """A build of which nothing is owed goes with its last status, and with its last build a run."""
        key, build = key_of(name), self._build(name)
        if build is None or build["phase"]["_tag"] != "Settled" or build["statusUs"] in self.log:
            return
        run = self.runs[key]
        rest = {each: run["builds"][each] for each in run["builds"] if each != name["workflow"]}
        if rest:
            self.runs[key] = {**run, "builds": rest}
            return
        del self.runs[key]
        knot, rkey = name["knot"], name["rkey"]
        # Of a knot that is forgotten, no trigger counts again.
        if is_key_ours(run) or knot not in self.sources or self._is_forgotten(knot, rkey):
            return
        # A key that is no time, or one from the future, says nothing about others.
        if is_tid(rkey) and not is_tid_after(rkey, self.lastUs, FUTURE_US):
            self.sources[knot] = {**self._source(knot), "forgotten": rkey}
        else:
            self._spend(knot, rkey, told_in(run))

    def _trim(self) -> None:
        for created_us in list(self.log)[: max(0, len(self.log) - self.given.config["builds"]["keepStatuses"])]:
            entry = self.log.pop(created_us)
            self.floorUs = created_us
            self._forget(entry["build"])

    def _keeps_too_much(self) -> bool:
        """Whether the runs of which nothing is owed do. (A shell would keep the sum.)"""
        return sum(units_of_run(run) for run in self.runs.values() if is_over(run)) > self.given.config["builds"]["keepUnits"]

    def _bound(self) -> None:
        """Drops the oldest statuses while too much is kept."""
        while self.log and self._keeps_too_much():
            created_us = next(iter(self.log))
            self.floorUs = created_us
            self._forget(self.log.pop(created_us)["build"])

    def _room(self, knot: str, owner: str, key: Optional[str]) -> Tuple[int, str]:
        """What there is room for on the knot besides the run of that key, and why for no more. (A shell would keep the sums.)"""
        config = self.given.config
        sums = [0, 0, 0]
        for other, run in self.runs.items():
            if other != key and not is_over(run):
                count = units_of_run(run)
                sums[0] += count
                sums[1] += count if other.split("/", 1)[0] == knot else 0
                sums[2] += count if run["repository"]["owner"] == owner else 0
        rooms = []
        for share, taken, whose in zip(SHARES[self._rank(owner)], sums, ("", " of one knot", " for one account")):
            most = share * (config["builds"]["owedUnits"] // 16)
            rooms.append((most - taken, f"unfinished runs{whose} may keep at most {most} units"))
        return min(rooms, key=lambda room: room[0])

    def _no_room(self, knot: str, run: Json, without: Optional[str] = None) -> Optional[str]:
        """Why there is no room for what is to be kept of this run, which takes the place of another; None when there is."""
        left, limit = self._room(knot, run["repository"]["owner"], without)
        return limit if units_of_run(run) > left else None

    def _next_stamp(self, at: int) -> int:
        return max(at, self.lastUs + 1)

    def _publish(self, at: int, name: Json, build: Json, status: str, error: Optional[str] = None, exit_code: Optional[int] = None) -> None:
        error = None if error is None else excerpt(error, SENTENCE_UNITS)
        created_us = self._next_stamp(at)
        entry = {"build": name, "createdUs": created_us, "error": error, "exitCode": exit_code, "status": status}
        started_us = created_us if status == "running" else build["startedUs"]
        self._with_build(name, build, error=error, exitCode=exit_code, startedUs=started_us, status=status, statusUs=created_us)
        self.lastUs = created_us
        self.log[created_us] = entry
        self._trim()
        self.effects.append({"_tag": "PublishStatus", "entry": entry})

    def _announce(self, at: int, key: str, workflows: List[Json]) -> None:
        """Tells readers of the run, before its first status: there are statuses to come of each of these workflows."""
        if not workflows:
            return
        # A moment before the event, if there is room, so that the first status has its time.
        created_us = self._next_stamp(max(0, at - 1))
        self.runs[key] = {**self.runs[key], "announced": {"createdUs": created_us, "workflows": modest(workflows)}}
        self.lastUs = created_us
        self.effects.append({"_tag": "PublishPipeline", "entry": announcement_of(key, self.runs[key])})

    def _become(self, at: int, name: Json, status: str, error: Optional[str] = None, exit_code: Optional[int] = None) -> None:
        build = self._build(name)
        if build is not None and build["recipe"] is not None:
            self._publish(at, name, build, status, error, exit_code)

    # Asking

    def _arm(self, name: Json) -> None:
        build = self._build(name)
        if build is None or build["recipe"] is None:
            return
        deadline, policy = self._number(), self.given.config["builds"]
        ms = policy["runningMs"] if build["status"] == "running" else policy["pendingMs"]
        self._with_build(name, build, deadline=deadline)
        self.effects.append({"_tag": "WakeAfter", "highMs": ms, "lowMs": ms, "timer": {"_tag": "DeadlineTimer", "build": name, "number": deadline}})

    def _plan(self, name: Json, build: Json) -> Json:
        return plan_of(name, self.runs[key_of(name)], build["recipe"])

    def _ask(self, name: Json, phase: str, attempt: int = 0) -> None:
        build = self._build(name)
        if build is None or build["recipe"] is None:
            return
        number = self._number()
        self._with_build(name, build, phase={"_tag": phase, "request": asked(number, attempt)})
        tag = "StartBuild" if phase == "Starting" else "FindBuild"
        self.effects.append({"_tag": tag, "build": name, "number": number, "plan": self._plan(name, build)})

    def _ask_to_end(self, name: Json, external: str, attempt: int = 0) -> None:
        build = self._build(name)
        if build is None or build["recipe"] is None:
            return
        number = self._number()
        self._with_build(name, build, phase={"_tag": "Cancelling", "external": external, "request": asked(number, attempt)})
        self.effects.append({"_tag": "CancelBuild", "build": name, "external": external, "number": number, "plan": self._plan(name, build)})

    def _follow(self, name: Json, external: str) -> None:
        build = self._build(name)
        if build is None or build["recipe"] is None:
            return
        self._with_build(name, build, phase={"_tag": "Following", "external": external})
        self.effects.append({"_tag": "FollowBuild", "build": name, "external": external, "plan": self._plan(name, build)})

    def _settle(self, name: Json, external: Optional[str]) -> None:
        build = self._build(name)
        if build is not None and build["recipe"] is not None:
            self._with_build(name, build, phase={"_tag": "Settled", "external": external})
            self._forget(name)
            if "external" in build["phase"]:
                self.effects.append({"_tag": "UnfollowBuild", "build": name})

    def _end(self, at: int, name: Json, status: str, error: Optional[str]) -> None:
        self._become(at, name, status, error)
        build = self._build(name)
        if build is not None and build["phase"]["_tag"] == "Following":
            self._ask_to_end(name, build["phase"]["external"])

    # Inputs

    def see(
        self,
        event: Event,
        commits: Commits,
        knots: Knots,
        access: Access,
        released: List[Tuple[str, str, str]],
        arrived: Optional[Event],
        was_stopped: bool,
    ) -> Pair:
        """First the rights that are gone, and the knots that nobody holds any more, then a trigger, then the event."""
        at, effects, reports = event["at"], [], []
        self.members = commits.members
        # Only a written state keeps too much before an event. One that the builds do not take leaves it so.
        before = canonical([self.written(), self.written_runs(), list(self.log)]) if event["_tag"] != "Started" and self._keeps_too_much() else None

        def take(act: Callable[..., None], *inputs: Json) -> None:
            self.effects, self.reports = [], []
            act(*inputs)
            effects.extend(each for each in self.effects if act not in (self._released, self._denied) or not was_stopped or each["_tag"] in SAID)  # a start asks itself
            reports.extend(self.reports)

        if released:
            take(self._released, at, released)
        if access.lost:
            take(self._denied, at, access)
        for host, cursor in knots.left:
            take(self._left, at, host, cursor, event["_tag"] == "Started")
        if arrived is not None:
            host, trigger = arrived["host"], arrived["payload"]["trigger"]
            meant = commits.claimed(host, trigger["repo"])
            # Who made the push that a pipeline tells of, its refUpdate has said.
            actor = self._teller_of(host, trigger, meant) if trigger["actor"] is None else trigger["actor"]
            take(self._judge, arrived, actor, meant, *commits.entitlement(host, trigger["repo"], actor, access))
        take(self._take, event, commits, knots, access)
        if before is None or effects or reports or canonical([self.written(), self.written_runs(), list(self.log)]) != before:
            self._bound()
        return effects, reports

    def _take(self, event: Event, commits: Commits, knots: Knots, access: Access) -> None:
        tag = event["_tag"]
        if tag == "Started":
            self._started(event["at"])
        elif tag == "TimerFired" and event["timer"]["_tag"] in ("PushTimer", "SourceTimer"):
            self._knot_timer(event["timer"], knots.subscriptions.get(event["timer"]["knot"]))
        elif tag == "TimerFired":
            self._timer(event["at"], event["timer"])
        elif tag == "KnotOpened" and knots.opened:
            for key, run in self._runs_of(event["host"]):
                if run["phase"]["_tag"] == "Waiting":
                    self._wait(key)
        elif tag == "CallReceived":
            self._called(event, commits, access)
        elif tag in RIGHT_EVENTS:
            RIGHT_EVENTS[tag](self, event, self._right_to(event.get("build", event), commits, access))
        elif tag in BUILD_EVENTS:
            BUILD_EVENTS[tag](self, event)

    def _right_to(self, named: Json, commits: Commits, access: Access) -> str:
        """Whether what may have something started still may: the knot is held, and who caused the run has a say."""
        run = self.runs.get(key_of(named))
        if run is None or not commits.is_held(named["knot"], run["repository"]):
            return "refused"
        return commits.say_of(named["knot"], run["repository"], run["actor"], access)

    def _denied(self, at: int, access: Access) -> None:
        """Knots say that repositories are not whose they were taken for: what goes on of them ends."""
        for knot, repo in access.lost:
            for key, run in self._runs_of(knot):
                if run["repository"]["did"] == repo and access.is_denied(knot, run["repository"]) and key in self.runs:
                    self._cancel_run(at, key, self.runs[key], NOT_THEIRS)

    # Triggers (T1, T2)

    def _judge(self, arrived: Event, actor: Optional[str], meant: List[Json], entitlement: str, repository: Json) -> None:
        at, knot, rkey, trigger = arrived["at"], arrived["host"], arrived["rkey"], arrived["payload"]["trigger"]
        cause, kind = trigger["cause"], trigger["kind"]

        def ignore(reason: str) -> None:
            self._report("TriggerIgnored", at, knot=knot, reason=reason, rkey=rkey)

        def refuse_it(reason: str, detail: str) -> None:
            self._report("TriggerRefused", at, detail=detail, knot=knot, reason=reason, rkey=rkey)

        if len(rkey) > RKEY_MAX:
            return refuse_it("rkey", f"a key of {len(rkey)} characters")
        claimed = trigger["repo"]["knot"]
        if claimed is not None and host_name(self.given.config["hosts"], claimed) != knot:
            return refuse_it("knot", claimed)
        is_push = cause["_tag"] == "Push"
        self._show(knot, trigger["shape"] == "detailed", kind == "pipeline" and is_push)
        if entitlement == "Unknown":
            return ignore("repo")
        if is_push:
            if short_name(cause["ref"]) is None:
                return ignore("ref")
            if not cause["newSha"].strip("0"):
                return ignore("deleted")
            if cause["newSha"] == cause["oldSha"]:
                return ignore("unmoved")
            if cause["skipsCi"]:
                return ignore("skipped")
        if f"{knot}/{rkey}" in self.runs:
            return None
        if self._is_forgotten(knot, rkey) or (is_push and self._is_met(knot, rkey, cause)):
            return ignore("before")

        def told(outcome: str) -> Json:
            return told_of(cause, repository, actor, kind, outcome)

        other = self._counterpart_of(knot, kind, cause, meant) if is_push else None
        course = "now"
        if is_push and kind == "pipeline" and other is not None and not other["isOpen"]:
            self._meet(knot, other["rkey"], rkey, None)
            self._spend(knot, rkey, None)
            return ignore("kind")
        if is_push and kind == "refUpdate":
            if other is not None:
                self._meet(knot, other["rkey"], rkey, actor)
                self._spend(knot, rkey, told("met"))
                return refuse_it("actor", actor or "") if entitlement == "NotEntitled" else ignore("kind")
            course = course_of(trigger["shape"], self._source(knot))
            if course == "left":
                self._spend(knot, rkey, told("left"))
                return ignore("kind")
        makes_room = other is not None and f"{knot}/{other['rkey']}" in self.runs
        run = {
            "actor": actor,
            "builds": {},
            "cause": without_changes(cause) if kind == "pipeline" else cause,
            "defaultBranch": trigger["defaultBranch"],
            "kind": kind,
            "met": None if other is None else other["rkey"],
            "phase": {"_tag": "Reading", "request": asked(self.next), "workflows": trigger["workflows"]},
            "repository": repository,
            "announced": None,
            "only": None,
            "retryOf": None,
        }
        limit = None
        if entitlement != "NotEntitled":
            without = f"{knot}/{other['rkey']}" if other is not None and makes_room else None
            limit = self._too_many_wait(knot, repository["owner"], without) or self._no_room(knot, run, without)
        if entitlement == "NotEntitled" or limit is not None:
            if kind == "refUpdate" and is_push:
                self._spend(knot, rkey, told("left"))
            return refuse_it("actor", actor or "") if limit is None or entitlement == "NotEntitled" else refuse_it("limit", limit)
        if other is not None:
            self._meet(knot, other["rkey"], rkey, None)
            if makes_room:
                self._come_to_nothing(f"{knot}/{other['rkey']}")
        if rkey in self._source(knot)["spent"]:
            source = self._source(knot)
            self.sources[knot] = {**source, "spent": {key: source["spent"][key] for key in source["spent"] if key != rkey}}
        self._remember(knot)
        self.runs[f"{knot}/{rkey}"] = run
        if course == "wait":
            return self._wait(f"{knot}/{rkey}")
        self._read_files(f"{knot}/{rkey}")
        return self._names_refused(at, knot, rkey, trigger["unkept"])

    def _names_refused(self, at: int, knot: str, rkey: str, names: List[str]) -> None:
        detail = "the name of a workflow has 1 to 100 characters below U+D800, and no slash or control character among them"
        for name in names:
            self._report("WorkflowNameRefused", at, detail=detail, knot=knot, name=name, rkey=rkey)

    def _show(self, knot: str, details: bool, pipelines: bool) -> None:
        """What the knot has shown by a trigger, whatever it is about."""
        source = self._source(knot)
        shown = {"details": source["details"] or details, "pipelines": source["pipelines"] or pipelines}
        if any(source[name] != shown[name] for name in shown):
            self.sources[knot] = {**source, **shown}

    def _tellers_of(self, knot: str, kind: str, cause: Json, meant: List[Json]) -> List[Json]:
        """The triggers of that kind that have told of the push, by key. (A shell with many runs would keep an index of their pushes.)"""
        places = [(each["owner"], each["rkey"]) for each in meant]

        def is_same(push: Json, owner: str, record: str) -> bool:
            return all(push[name] == cause[name] for name in ("newSha", "oldSha", "ref")) and (owner, record) in places

        tellers: Dict[str, Json] = {}
        for key, run in self._runs_of(knot):
            if run["kind"] == kind and is_begun_by_push(run) and is_same(run["cause"], run["repository"]["owner"], run["repository"]["rkey"]):
                rkey, is_open = key.split("/", 1)[1], run["phase"]["_tag"] == "Waiting"
                tellers[rkey] = {"actor": run["actor"], "isMet": run["met"] is not None, "isOpen": is_open, "rkey": rkey}
        for rkey, told in self._source(knot)["spent"].items():
            if told is not None and told["kind"] == kind and is_same(told, told["owner"], told["record"]):
                outcome = told["outcome"]
                tellers[rkey] = {"actor": told["actor"], "isMet": outcome == "met", "isOpen": outcome == "left", "rkey": rkey}
        return [tellers[rkey] for rkey in sorted(tellers)]

    def _counterpart_of(self, knot: str, kind: str, cause: Json, meant: List[Json]) -> Optional[Json]:
        """Of the triggers of the other kind that told of the push, the last that has not met one."""
        other = "refUpdate" if kind == "pipeline" else "pipeline"
        open_ones = [each for each in self._tellers_of(knot, other, cause, meant) if not each["isMet"]]
        return open_ones[-1] if open_ones else None

    def _teller_of(self, knot: str, trigger: Json, meant: List[Json]) -> Optional[str]:
        kind, cause = trigger["kind"], trigger["cause"]
        if kind != "pipeline" or cause["_tag"] != "Push":
            return None
        tellers = self._tellers_of(knot, "refUpdate", cause, meant)
        teller = self._counterpart_of(knot, kind, cause, meant) or (tellers[-1] if tellers else None)
        return None if teller is None else teller["actor"]

    def _is_met(self, knot: str, rkey: str, cause: Json) -> bool:
        """Whether the key is that of a trigger that a run of the same push has met."""
        return any(
            run["met"] == rkey and is_begun_by_push(run) and all(run["cause"][name] == cause[name] for name in ("newSha", "oldSha", "ref"))
            for _, run in self._runs_of(knot)
        )

    def _meet(self, knot: str, teller: str, rkey: str, actor: Optional[str]) -> None:
        """The teller has met its counterpart, whose key is `rkey`."""
        run = self.runs.get(f"{knot}/{teller}")
        if run is not None:
            self.runs[f"{knot}/{teller}"] = {**run, "actor": actor if run["actor"] is None else run["actor"], "met": rkey}
        else:
            self._spend(knot, teller, {**self._source(knot)["spent"][teller], "outcome": "met"})

    def _wait(self, key: str) -> None:
        """The push waits for its pipeline, from now on."""
        knot, rkey = key.split("/", 1)
        number = self._number()
        self.runs[key] = {**self.runs[key], "phase": {"_tag": "Waiting", "number": number}}
        timer = {"_tag": "PushTimer", "knot": knot, "number": number, "rkey": rkey}
        self.effects.append({"_tag": "WakeAfter", "highMs": WAIT_MS, "lowMs": WAIT_MS, "timer": timer})

    # Knots that nobody holds (T1)

    def _left(self, at: int, knot: str, cursor: Optional[str], is_start: bool) -> None:
        """What it told would count again for five minutes after it was created; so long it is remembered."""
        if knot not in self.sources:
            return
        created = 0 if cursor is None else min(int(cursor) // 1000, MAX_SAFE)
        until = min(max(at, created) + FUTURE_US, MAX_SAFE)
        if is_start:  # which sets all timers
            self.sources[knot] = {**self._source(knot), "leaving": {"number": 0, "untilUs": until}}
        else:
            self._leave(at, knot, until)

    def _leave(self, at: int, knot: str, until: int) -> None:
        number = self._number()
        ms = min(max(-((at - until) // 1000), 0), 2 * FUTURE_US // 1000)
        self.sources[knot] = {**self._source(knot), "leaving": {"number": number, "untilUs": until}}
        timer = {"_tag": "SourceTimer", "knot": knot, "number": number}
        self.effects.append({"_tag": "WakeAfter", "highMs": ms, "lowMs": ms, "timer": timer})

    def _knot_timer(self, timer: Json, subscription: Optional[Subscription]) -> None:
        knot = timer["knot"]
        if timer["_tag"] == "PushTimer":
            run = self.runs.get(key_of(timer))
            is_due = run is not None and run["phase"]["_tag"] == "Waiting" and run["phase"]["number"] == timer["number"]
            if is_due and subscription is not None and subscription.connection.phase == "Open":
                self._read_files(key_of(timer))
            return
        source = self._source(knot)
        if source["leaving"] is None or source["leaving"]["number"] != timer["number"]:
            return
        if subscription is None:
            del self.sources[knot]
        else:
            self.sources[knot] = {**source, "leaving": None}

    # Workflows (T3)

    def _read_files(self, key: str, attempt: int = 0) -> None:
        run = self.runs.get(key)
        if run is None:
            return
        knot, rkey = key.split("/", 1)
        number, workflows = self._number(), run["phase"].get("workflows")
        self.runs[key] = {**run, "phase": {"_tag": "Reading", "request": asked(number, attempt), "workflows": workflows}}
        sha = sha_of(run["cause"])
        wanted = {"knot": knot, "number": number, "repository": run["repository"], "rkey": rkey, "sha": sha, "workflows": workflows}
        self.effects.append({"_tag": "ReadWorkflows", **wanted})

    def _reading(self, key: str, phase: str, number: int) -> Optional[Json]:
        run = self.runs.get(key)
        is_it = run is not None and run["phase"]["_tag"] == "Reading" and is_in(run["phase"]["request"], phase, number)
        return run if is_it else None

    def _files_failed(self, event: Event, of: Json) -> None:
        key = key_of(of)
        run = self._reading(key, "Asked", event["number"])
        if run is None:
            return
        final = 0 if is_call(run) else FINAL_ATTEMPTS  # whoever names a commit can have it
        if run["phase"]["request"]["attempt"] >= (final if event["isFinal"] else ATTEMPTS):
            if run["only"] is None:
                self._come_to_nothing(key)
            else:  # somebody asked for these
                self._have_read(key, run)
                only = sorted(set(run["only"]), key=utf16)
                self._announce(event["at"], key, [announced_unread(workflow) for workflow in only])
                for workflow in only:
                    build = {"knot": of["knot"], "rkey": of["rkey"], "workflow": workflow}
                    self._begin(event["at"], build, None, "failed", f"The workflow files could not be read: {event['error']}")
            self._report("WorkflowsReadFailed", event["at"], detail=event["error"], knot=of["knot"], rkey=of["rkey"])
            return
        request, timer = failed(self.given.config["builds"]["backoff"], event, self._number(), run["phase"]["request"])
        self.runs[key] = {**run, "phase": {**run["phase"], "request": request}}
        self.effects.append(timer)

    def _files_read(self, event: Event, right: str) -> None:
        key, at, knot, rkey = key_of(event), event["at"], event["knot"], event["rkey"]
        run = self._reading(key, "Asked", event["number"])
        if run is None:
            return
        if right == "unknown":
            requested = {"_tag": "Workflows", "knot": knot, "rkey": rkey}
            why = "it is not known yet who may push to the repository"
            return self._files_failed({**event, "error": why, "isFinal": False, "requested": requested, "waitMs": 0}, requested)
        if right == "refused":
            self._come_to_nothing(key)
            return self._report("TriggerRefused", at, detail=run["actor"] or "", knot=knot, reason="actor", rkey=rkey)
        there = sorted({workflow["name"] for workflow in event["workflows"]}, key=utf16)
        only = run["only"]
        if only is not None:
            only = sorted({(workflow_called(name, there) if is_call(run) else None) or name for name in only}, key=utf16)
        if is_call(run) and only is not None and not any(name in there for name in only):
            self._come_to_nothing(key)
            return self._report("TriggerIgnored", at, knot=knot, reason="workflows", rkey=rkey)
        phase = run["phase"]
        branch = run["defaultBranch"] if event["defaultBranch"] is None else event["defaultBranch"]
        run = {**run, "defaultBranch": branch, "phase": {"_tag": "Read"}}
        self._have_read(key, run)
        work = Work(WHEN_COST)  # for all workflows of the run together
        allowance = self._allowance(run["repository"])
        first: Dict[str, Json] = {}
        for workflow in event["workflows"]:
            if only is None or workflow["name"] in only:
                first.setdefault(workflow["name"], workflow)
        names = sorted(first, key=utf16)
        verdicts = {name: self._verdict(run, first[name], work) for name in names[:WORKFLOWS_MAX]}
        missed = [workflow for workflow in only or () if workflow not in first]
        sources: Dict[str, str] = {}
        for source in (phase["workflows"] or [] if event["sources"] is None else event["sources"]):
            sources.setdefault(source["name"], source["text"])
        built = [first[name] for name in verdicts if self._is_built(run, first[name], verdicts[name])]
        told = [{"clone": PLAIN_CLONE, "engine": "", **each, "text": sources.get(each["name"], "")} for each in built]
        told = [{part: each[part] or "" for part in ("clone", "engine", "name", "text")} for each in told]
        told += [announced_unread(name) for name in missed]
        most, limit = min((RUN_UNITS_MAX, f"a run may keep at most {RUN_UNITS_MAX} units"), self._room(knot, run["repository"]["owner"], key), key=lambda room: room[0])
        kept = {**self.runs[key], "announced": {"createdUs": at, "workflows": modest(told)}}
        room = most - units_of_run(kept) - len(told) * (BUILD_UNITS + units_of(None))
        self._announce(at, key, told)
        for i, name in enumerate(names):
            build = {"knot": knot, "rkey": rkey, "workflow": name}
            if i < WORKFLOWS_MAX:
                room -= self._decide(at, build, run, first[name], verdicts[name], allowance, (room, limit))
            else:
                self._report("WorkflowDropped", at, build=build, detail=f"more than {WORKFLOWS_MAX}", reason="limit")
        self._names_refused(at, knot, rkey, event["unkept"])
        for workflow in missed:
            build = {"knot": knot, "rkey": rkey, "workflow": workflow}
            self._begin(at, build, None, "failed", "There is no such workflow file any more.")
        now = self.runs.get(key)
        if now is not None and not now["builds"]:
            self._come_to_nothing(key)
            self._report("TriggerIgnored", at, knot=knot, reason="workflows", rkey=rkey)
        return None

    def _have_read(self, key: str, run: Json) -> None:
        # What changed is needed only to choose workflows.
        self.runs[key] = {**run, "cause": without_changes(run["cause"]), "only": None, "phase": {"_tag": "Read"}}

    def _verdict(self, run: Json, workflow: Json, work: Work) -> Json:
        """Whether the workflow applies, or the sentence that says why that cannot be told."""
        when = workflow["when"]
        if when is None:
            return True
        if run["kind"] == "pipeline" or run["only"] is not None:  # by the files that changed it has been chosen before
            when = [{**condition, "paths": None} for condition in when]
        try:
            return applies(when, run["cause"], work)
        except Fault as fault:
            return str(fault)

    def _mistake(self, run: Json, workflow: Json) -> Tuple[Optional[str], str]:
        """What is wrong with a workflow that does not apply, and what tells this content of its file from others."""
        mistake = None if workflow["when"] is None else mistake_in(workflow["when"])
        return mistake, "/".join((run["repository"]["owner"], run["repository"]["rkey"], workflow["name"], workflow["content"]))

    def _is_built(self, run: Json, workflow: Json, verdict: Json) -> bool:
        if run["only"] is not None:
            return True
        if isinstance(verdict, str):
            return False
        if verdict:
            return workflow.get("engine", "") is not None
        mistake, file = self._mistake(run, workflow)
        return mistake is not None and file not in self.mistaken

    def _decide(
        self, at: int, name: Json, run: Json, workflow: Json, verdict: Json, allowance: Tuple[List[Json], Work], room: Tuple[int, str]
    ) -> int:
        """What a workflow comes to, and how much of the room of its run it takes."""

        def failed(error: str) -> int:
            self._begin(at, name, None, "failed", error)
            return 0

        def nothing(sentence: str, detail: str, reason: str) -> int:
            """Whoever has a single workflow judged anew hears what it comes to."""
            if run["only"] is not None:
                return failed(sentence)
            self._report("WorkflowDropped", at, build=name, detail=detail, reason=reason)
            return 0

        if isinstance(verdict, str):
            return nothing(f"It cannot be told whether the workflow applies: {verdict}.", verdict, "when")
        if not verdict:
            mistake, file = self._mistake(run, workflow)
            if run["only"] is not None:
                return failed("The workflow does not apply." if mistake is None else mistake)
            if mistake is None or file in self.mistaken:
                return 0
            self.mistaken = [*self.mistaken, file][-MISTAKEN_MAX:]
            return failed(mistake)
        if workflow["_tag"] == "Faulty":
            return failed(workflow["error"])
        if workflow["engine"] is None:
            return nothing("The workflow names no engine.", "the workflow names no engine", "engine")
        error = self._fault(allowance, workflow["engine"], workflow["targets"], run["repository"])
        if error is not None:
            return failed(error)
        left, limit = room
        if workflow["units"] > left:
            failed(f"There is no room for this workflow: {limit}.")
            self._report("WorkflowDropped", at, build=name, detail=limit, reason="limit")
            return 0
        target = workflow["targets"][0]
        recipe = {
            "clone": workflow["clone"],
            "environment": with_reserved(workflow["environment"], []),
            "pipeline": target["pipeline"],
            "provider": target["provider"],
            "settings": target["settings"],
            "steps": [{**step, "environment": with_reserved(step["environment"], [])} for step in workflow["steps"]],
        }
        self._start(at, name, recipe)
        return int(workflow["units"])

    def _fault(self, allowance: Tuple[List[Json], Work], engine: str, targets: List[Json], repository: Json) -> Optional[str]:
        if engine != "tack":
            return f'This spindle builds workflows of engine "tack", and this one names "{engine}".'
        if not targets:
            return 'The workflow names no provider: it needs a block like "tack: { buildkite: { pipeline: my-pipeline } }".'
        if len(targets) > 1:
            return f"The workflow names several providers: {', '.join(each['provider'] for each in targets)}. One is needed."
        return self._target_fault(allowance, targets[0], repository)

    def _allowance(self, repository: Json) -> Tuple[List[Json], Work]:
        """The lines of the operator's list for a repository, and what looking through them may cost yet."""
        work, lines = Work(LIST_COST), []
        if repository["owner"] != self.given.config["owner"]:
            name = ready_name(f"{repository['owner']}/{repository['name']}", work)
            lines = [line for line in self.given.config["builds"]["allow"] if matches(line["repos"], name, work)]
        return lines, work

    def _target_fault(self, allowance: Tuple[List[Json], Work], target: Json, repository: Json) -> Optional[str]:
        lines, work = allowance
        providers, provider, pipeline = self.given.config["builds"]["providers"], target["provider"], target["pipeline"]
        if provider not in providers:
            return f'There is no provider "{provider}" here. There are: {", ".join(providers) or "none"}.'
        if repository["owner"] == self.given.config["owner"]:
            return None
        name = ready_name(pipeline, work)
        if any(line["provider"] == provider and matches(line["pipelines"], name, work) for line in lines):
            return None
        use = f'{repository["owner"]}/{repository["name"]} use pipeline "{pipeline}" of provider "{provider}"'
        if work.left < 0:
            return f"It takes too long to find out whether the operator of this spindle lets {use}."
        return f"The operator of this spindle does not let {use}."

    def _begin(self, at: int, name: Json, recipe: Json, status: str, error: Optional[str] = None) -> None:
        build = {
            "deadline": 0,
            "doubtUs": None,
            "error": None,
            "exitCode": None,
            "phase": {"_tag": "Settled", "external": None},
            "recipe": recipe,
            "startedUs": None,
            "status": "pending",
            "statusUs": 0,
        }
        self._publish(at, name, build, status, error)

    def _start(self, at: int, name: Json, recipe: Json) -> None:
        self._begin(at, name, recipe, "pending")
        self._arm(name)
        self._ask(name, "Starting")

    # What providers answer (T4, T5)

    def _asked(self, name: Json, number: int, *phases: str) -> Optional[Json]:
        """The build of whose provider something is asked under that number, if it is in one of these phases."""
        build = self._build(name)
        is_it = build is not None and build["phase"]["_tag"] in phases and is_in(build["phase"]["request"], "Asked", number)
        return build if is_it else None

    def _accepted(self, event: Event) -> None:
        build = self._asked(event["build"], event["number"], "Starting", "Finding")
        if build is not None:
            act = self._ask_to_end if is_terminal(build["status"]) else self._follow
            act(event["build"], event["external"])

    def _request_failed(self, event: Event) -> None:
        of = event["requested"]
        if of["_tag"] == "Workflows":
            return self._files_failed(event, of)
        build = self._asked(of["build"], event["number"], "Starting", "Finding", "Cancelling") if of["_tag"] == "Build" else None
        if build is None:
            return None
        if event["isFinal"] and build["phase"]["_tag"] != "Cancelling":
            return self._refused(event, of["build"], build)
        return self._uncertain(event, of["build"], build)

    def _refused(self, event: Event, name: Json, build: Json) -> None:
        if not is_terminal(build["status"]):
            self._become(event["at"], name, "failed", event["error"])
        self._settle(name, None)

    def _missing(self, event: Event, right: str) -> None:
        name = event["build"]
        build = self._asked(name, event["number"], "Finding")
        if build is None or build["recipe"] is None:
            return
        if build["doubtUs"] is not None:
            # A start that may have been on its way may still come to light.
            settle_ms = event["settleMs"]
            ms = min(max(0, -((event["at"] - build["doubtUs"]) // 1_000) + settle_ms), settle_ms)
            if ms > 0:
                requested = {"_tag": "Build", "build": name}
                request, timer = pausing(requested, self._number(), build["phase"]["request"]["attempt"], ms, ms)
                self._with_build(name, build, phase={"_tag": "Finding", "request": request})
                self.effects.append(timer)
                return None
        if is_terminal(build["status"]):
            return self._settle(name, None)
        if right == "refused":
            self._become(event["at"], name, "cancelled", WITHDRAWN)
            return self._settle(name, None)
        repository = self.runs[key_of(name)]["repository"]
        error = self._target_fault(self._allowance(repository), build["recipe"], repository)  # the list may be another one by now
        if error is None:
            return self._ask(name, "Starting", build["phase"]["request"]["attempt"])
        self._become(event["at"], name, "failed", error)
        return self._settle(name, None)

    def _uncertain(self, event: Event, name: Json, build: Json) -> None:
        if build["recipe"] is None:
            return
        at, provider, phase = event["at"], build["recipe"]["provider"], build["phase"]
        if is_terminal(build["status"]) and phase["request"]["attempt"] >= ATTEMPTS:
            self._settle(name, phase.get("external"))
            self._report("BuildAbandoned", at, build=name, detail=event["error"], provider=provider)
            return
        request, timer = failed(self.given.config["builds"]["backoff"], event, self._number(), phase["request"])
        after = {**phase, "request": request} if phase["_tag"] == "Cancelling" else {"_tag": "Finding", "request": request}
        doubt_us = at if phase["_tag"] == "Starting" else build["doubtUs"]
        self._with_build(name, build, doubtUs=doubt_us, phase=after)
        self.effects.append(timer)
        self._report("ProviderUncertain", at, build=name, detail=event["error"], provider=provider)
        is_quiet = build["status"] == "pending" and build["error"] is None
        if is_quiet and at + timer["highMs"] * 1_000 >= build["statusUs"] + QUIETLY_US:
            why = f'The provider "{provider}" does not answer, or only with errors. It is asked again until the time is up.'
            self._become(at, name, "pending", why)

    def _cancel_acknowledged(self, event: Event) -> None:
        build = self._asked(event["build"], event["number"], "Cancelling")
        if build is not None:
            self._settle(event["build"], build["phase"]["external"])

    def _reported(self, event: Event) -> None:
        name, at, status, external = event["build"], event["at"], event["status"], event["external"]
        build = self._build(name)
        if build is None or build["recipe"] is None or build["phase"]["_tag"] == "Settled":
            return
        if event["provider"] != build["recipe"]["provider"]:
            return self._report("ReportRefused", at, build=name, provider=event["provider"])
        if "external" not in build["phase"]:
            # It may be about another that somebody has given our name: we look at once.
            request = build["phase"]["request"]
            return self._ask(name, "Finding", request["attempt"]) if request["phase"] == "Pausing" else None
        if build["phase"]["external"] != external:
            return None
        is_news = RANKS[status] > RANKS[build["status"]]
        if is_news:
            self._become(at, name, status, event["error"], event["exitCode"])
        if is_terminal(status):
            return self._settle(name, external)
        if is_news:
            self._arm(name)
        return None

    # Time

    def _timer(self, at: int, timer: Json) -> None:
        tag = timer["_tag"]
        if tag == "RequestTimer":
            self._woken(timer["number"], timer["requested"])
        elif tag == "DeadlineTimer":
            build = self._build(timer["build"])
            if build is None or is_terminal(build["status"]) or build["deadline"] != timer["number"]:
                return
            policy = self.given.config["builds"]
            if build["status"] == "running":
                error = f"The build ran for more than {minutes(policy['runningMs'])}."
            else:
                error = f"The build did not begin within {minutes(policy['pendingMs'])}."
            self._end(at, timer["build"], "timeout", error)

    def _woken(self, number: int, of: Json) -> None:
        """The pause before a request is over: it is made again."""
        if of["_tag"] == "Workflows":
            run = self._reading(key_of(of), "Pausing", number)
            if run is not None:
                self._read_files(key_of(of), run["phase"]["request"]["attempt"])
        elif of["_tag"] == "Build":
            name, build = of["build"], self._build(of["build"])
            request = None if build is None else build["phase"].get("request")
            if build is None or request is None or not is_in(request, "Pausing", number):
                return
            if build["phase"]["_tag"] == "Cancelling":
                self._ask_to_end(name, build["phase"]["external"], request["attempt"])
            else:
                self._ask(name, "Finding", request["attempt"])

    # What people want, and rights that are gone

    def _cancel_run(self, at: int, key: str, run: Json, error: Optional[str]) -> None:
        if run["phase"]["_tag"] != "Read":
            return self._come_to_nothing(key)
        for name, build in self._builds_of(key, run):
            if not is_terminal(build["status"]):
                self._end(at, name, "cancelled", error)
        return None

    def _cancel(self, event: Event) -> None:
        key, run = key_of(event), self.runs.get(key_of(event))
        if run is None:
            return
        if event["workflow"] is None:
            return self._cancel_run(event["at"], key, run, None)
        name = {part: event[part] for part in ("knot", "rkey", "workflow")}
        build = self._build(name)
        if build is not None and not is_terminal(build["status"]):
            self._end(event["at"], name, "cancelled", None)
        return None

    def _retry(self, event: Event, right: str) -> None:
        at, knot, rkey, wanted = (event[part] for part in ("at", "knot", "rkey", "workflow"))
        key, run = key_of(event), self.runs.get(key_of(event))
        if run is None:
            return
        if right == "refused":
            return self._report("TriggerIgnored", at, knot=knot, reason="repo", rkey=rkey)
        if right == "unknown":
            return
        again = [
            (name["workflow"], build["recipe"])
            for name, build in self._builds_of(key, run)
            if is_terminal(build["status"]) and wanted in (None, name["workflow"])
        ]
        is_planned = all(recipe is not None for _, recipe in again)
        if not again or not (is_planned or self._too_many_wait(knot, run["repository"]["owner"]) is None):
            return None
        told = {each["name"]: each for each in (run["announced"] or {"workflows": []})["workflows"]}
        plain = {workflow: {"clone": recipe["clone"], "engine": "tack", "name": workflow, "text": ""} for workflow, recipe in again if recipe is not None}
        announced_again = [told.get(workflow, plain.get(workflow)) for workflow, _ in again]
        repeated = {**run, "announced": None, "builds": {}, "only": [workflow for workflow, _ in again], "phase": {"_tag": "Reading", "workflows": None}}
        if is_planned:
            builds = {workflow: {"recipe": recipe} for workflow, recipe in again}
            repeated = {**repeated, "announced": {"createdUs": at, "workflows": modest(announced_again)}, "builds": builds, "only": None}
        if self._no_room(knot, repeated) is not None:
            return None
        own = self._free_key(at, knot)
        allowance = self._allowance(run["repository"])
        origin = rkey if run["retryOf"] is None else run["retryOf"]
        anew = {**run, "announced": None, "builds": {}, "met": None, "only": None, "phase": {"_tag": "Read"}, "retryOf": origin}
        self.runs[f"{knot}/{own}"] = anew
        if not is_planned:  # one of them never was a build for a provider: all are judged anew
            self._remember(knot)
            self.runs[f"{knot}/{own}"] = {**anew, "only": [workflow for workflow, _ in again]}
            return self._read_files(f"{knot}/{own}")
        self._announce(at, f"{knot}/{own}", announced_again)
        for workflow, recipe in again:
            name = {"knot": knot, "rkey": own, "workflow": workflow}
            error = self._target_fault(allowance, recipe, run["repository"])
            if error is not None:
                self._begin(at, name, None, "failed", error)
            else:
                self._start(at, name, recipe)
        return None

    def _free_key(self, at: int, knot: str) -> str:
        us = self._next_stamp(at)
        while f"{knot}/{tid_of(us)}" in self.runs:
            us += 1
        return tid_of(us)

    # Calls (T7)

    def answer_to(self, event: Event, commits: Commits, access: Access) -> Json:
        """What a call comes to, and nothing else decides about it."""
        call, caller = event["call"], event["caller"]
        refusal = self._token_refusal(event)
        if refusal is not None:
            return refused_for(refusal)
        held = commits.repository_of_caller(call["repo"], caller, access)
        if call["_tag"] == "TriggerPipeline":
            if held is None:
                return refused_for("right")
            knot, repository = held
            if self._too_many_wait(knot, repository["owner"]) or self._no_room(knot, run_called(caller, call, repository)):
                return refused_for("limit")
            return {"_tag": "Begun", "knot": knot, "repository": repository, "rkey": self._free_key(event["at"], knot)}
        named = [(key, run) for key, run in self.runs.items() if run["announced"] is not None and pipeline_id(run) == call["pipeline"]]
        if not named or named[0][1]["repository"]["did"] != call["repo"]:
            return refused_for("right" if held is None else "unknown")
        key, run = named[0]
        knot = key.split("/", 1)[0]
        if not commits.is_held(knot, run["repository"]) or commits.say_of(knot, run["repository"], caller, access) != "granted":
            return refused_for("right")
        there = sorted(run["builds"], key=utf16)
        meant = there if call["workflows"] is None else [workflow_called(name, there) for name in call["workflows"]]
        if None in meant:
            return refused_for("workflow")
        builds = [name for name, build in self._builds_of(key, run) if name["workflow"] in meant and not is_terminal(build["status"])]
        return {"_tag": "Cancelled", "builds": builds} if builds else refused_for("ended")

    def _alive(self, now_us: int) -> Dict[str, int]:
        return {key: until for key, until in self.tokens.items() if until > now_us}

    def _token_refusal(self, event: Event) -> Optional[str]:
        """By the clock that has come furthest: one that is set back brings no token back."""
        caller, token = event["caller"], event["token"]
        now_us = max(self.tokensUs, event["at"])
        if token["untilUs"] <= now_us:
            return "expired"
        alive = self._alive(now_us)
        if f"{caller} {token['id']}" in alive:
            return "used"
        own = sum(key.startswith(f"{caller} ") for key in alive)
        return "busy" if len(alive) >= TOKENS_MAX or own >= TOKENS_OF_CALLER_MAX else None

    def _called(self, event: Event, commits: Commits, access: Access) -> None:
        at, call, caller, token = event["at"], event["call"], event["caller"], event["token"]
        answer = self.answer_to(event, commits, access)
        if answer.get("refusal") in ("expired", "used", "busy", "right"):
            return
        self.tokensUs = max(self.tokensUs, at)
        self.tokens = {**self._alive(self.tokensUs), f"{caller} {token['id']}": token["untilUs"]}
        if answer["_tag"] == "Cancelled":
            for name in answer["builds"]:
                self._end(at, name, "cancelled", None)
        elif answer["_tag"] == "Begun":
            knot, key = answer["knot"], f"{answer['knot']}/{answer['rkey']}"
            self._remember(knot)
            self.runs[key] = run_called(caller, call, answer["repository"])
            self._read_files(key)

    def _released(self, at: int, released: List[Tuple[str, str, str]]) -> None:
        for did, record_key, knot in released:
            for key, run in self._runs_of(knot):
                if run["repository"]["owner"] == did and run["repository"]["rkey"] == record_key:
                    self._cancel_run(at, key, run, WITHDRAWN)

    # Starting

    def _started(self, at: int) -> None:
        self._trim()
        for knot in sorted(self.sources):
            if self.sources[knot]["leaving"] is not None:
                self._leave(at, knot, self.sources[knot]["leaving"]["untilUs"])
        for key, run in sorted(self.runs.items()):
            if run["phase"]["_tag"] == "Read":
                for name, _ in self._builds_of(key, run):
                    self._resume(at, name)
            elif run["phase"]["_tag"] != "Waiting":  # it waits from when its knot is connected
                self._read_files(key)

    def _resume(self, at: int, name: Json) -> None:
        """Asks for what is outstanding; what may have been started is looked for first."""
        build = self._build(name)
        if build is None or build["recipe"] is None or build["phase"]["_tag"] == "Settled":
            return
        phase, provider = build["phase"], build["recipe"]["provider"]
        if provider not in self.given.config["builds"]["providers"]:
            if not is_terminal(build["status"]):
                self._become(at, name, "failed", f'There is no provider "{provider}" here any more.')
            self._settle(name, phase.get("external"))
            return
        if not is_terminal(build["status"]):
            self._arm(name)
        if phase["_tag"] in ("Starting", "Finding"):
            # The process before this one may have asked for it until its end.
            self._with_build(name, self._build(name), doubtUs=at)
            self._ask(name, "Finding")
        elif phase["_tag"] == "Following":
            self._follow(name, phase["external"])
        else:
            self._ask_to_end(name, phase["external"])

    def _announcements(self) -> List[Json]:
        """What was said of the runs that are remembered, each for as long as its run is."""
        return [announcement_of(key, run) for key, run in self.runs.items() if run["announced"] is not None]

    def served_after(self, cursor: Optional[Json]) -> int:
        """After which stamp a reader is served: one with a stamp of ours after it, any other from a margin before its cursor."""
        if cursor is None:
            return self.lastUs
        time_us = cursor["timeUs"]
        stamps = {self.lastUs, self.floorUs, *self.log, *(entry["createdUs"] for entry in self._announcements())}
        if cursor["isWhole"] and time_us in stamps:
            return time_us
        return min(max(0, time_us - READER_MARGIN_US), self.lastUs)

    def page_after(self, cursor_us: int, limit: int) -> Json:
        entries = [*self.log.values(), *self._announcements()]
        found = sorted((entry for entry in entries if entry["createdUs"] > cursor_us), key=lambda entry: entry["createdUs"])
        return {"entries": found[:limit], "isBelowFloor": self.floorUs is not None and cursor_us < self.floorUs}


def modest(workflows: List[Json]) -> List[Json]:
    """The workflows, each with its file as long as there is room for it."""
    left, told = TEXTS_UNITS, []
    for workflow in workflows:
        size = units_of(workflow["text"]) if workflow["text"] else 0
        told.append(workflow if size <= left else {**workflow, "text": ""})
        left -= size if size <= left else 0
    return told


def plan_of(name: Json, run: Json, recipe: Json) -> Json:
    """What a provider is told about a build: what its workflow says, and what all builds of its run share."""
    cause, repository = run["cause"], run["repository"]
    reserved = variables_of(cause, run["defaultBranch"], name["knot"], repository, name["rkey"])
    return {
        **{part: recipe[part] for part in ("clone", "pipeline", "provider", "settings", "steps")},
        "ref": f"refs/heads/{cause['sourceBranch']}" if cause["_tag"] == "PullRequest" else cause["ref"],
        "repository": repository,
        "sha": sha_of(cause),
        "variables": with_reserved(recipe["environment"], reserved),
    }


def refused_for(refusal: str) -> Json:
    return {"_tag": "Refused", "refusal": refusal}


def run_called(caller: str, call: Json, repository: Json) -> Json:
    """What a call begins."""
    return {
        "actor": caller,
        "announced": None,
        "builds": {},
        "cause": call["cause"],
        "defaultBranch": None,
        "kind": "call",
        "met": None,
        "only": call["workflows"],
        "phase": {"_tag": "Reading", "workflows": None},
        "repository": repository,
        "retryOf": None,
    }


def is_call(run: Json) -> bool:
    return run["kind"] == "call" and run["retryOf"] is None


def is_key_ours(run: Json) -> bool:
    """No trigger of the knot bears it, and it says nothing about those."""
    return run["kind"] == "call" or run["retryOf"] is not None


def announced_unread(name: str) -> Json:
    return {"clone": PLAIN_CLONE, "engine": "", "name": name, "text": ""}


def announcement_of(key: str, run: Json) -> Json:
    knot, rkey = key.split("/", 1)
    return {**run["announced"], "knot": knot, "rkey": rkey, **{name: run[name] for name in ("cause", "defaultBranch", "repository")}}


BUILD_EVENTS: Dict[str, Callable[[Builds, Event], None]] = {
    "BuildAccepted": Builds._accepted,
    "BuildReported": Builds._reported,
    "CancelAcknowledged": Builds._cancel_acknowledged,
    "RequestFailed": Builds._request_failed,
    "CancelRequested": Builds._cancel,
}
# What may have something started comes with the right to it, as it is now.
RIGHT_EVENTS: Dict[str, Callable[[Builds, Event, str], None]] = {
    "BuildMissing": Builds._missing,
    "RetryRequested": Builds._retry,
    "WorkflowsRead": Builds._files_read,
}


def without_changes(cause: Json) -> Json:
    """The cause without what is needed only to choose workflows."""
    return {**cause, "changedFiles": None} if cause["_tag"] == "Push" else cause


def sha_of(cause: Json) -> Optional[str]:
    return cause[{"Push": "newSha", "PullRequest": "sourceSha", "Manual": "sha"}[cause["_tag"]]]


def matches(pattern: str, name: str, work: Work) -> bool:
    """A pattern that cannot be read allows nothing."""
    try:
        return work.left >= 0 and try_glob(Glob(pattern, work), name, work)
    except Fault:
        return False


def minutes(ms: int) -> str:
    return f"{-(-ms // 60_000)} min"


a_build = fields(
    deadline=a_natural,
    doubtUs=nullable(a_time),
    error=nullable(a_text),
    exitCode=nullable(an_exit_code),
    phase=by(
        "_tag",
        Starting=fields(request=a_request),
        Finding=fields(request=a_request),
        Following=fields(external=a_text),
        Cancelling=fields(external=a_text, request=a_request),
        Settled=fields(external=nullable(a_text)),
    ),
    recipe=nullable(a_recipe),
    startedUs=nullable(a_time),
    status=a_status,
    statusUs=a_time,
)
a_run = fields(
    actor=nullable(a_did),
    announced=nullable(fields(createdUs=a_time, workflows=array(an_announced_workflow))),
    builds=entries(a_workflow_name, a_build),
    cause=a_cause,
    defaultBranch=nullable(a_text),
    kind=one_of("pipeline", "refUpdate", "call"),
    met=nullable(an_rkey),
    phase=by(
        "_tag",
        Waiting=fields(number=a_natural),
        Reading=fields(request=a_request, workflows=sources_of_workflows),
        Read=fields(),
    ),
    repository=a_repository,
    only=nullable(array(a_workflow_name)),
    retryOf=nullable(an_rkey),
)
a_told = fields(
    actor=nullable(a_did),
    kind=a_kind,
    newSha=a_sha,
    oldSha=a_sha,
    outcome=one_of("left", "over", "met"),
    owner=a_did,
    record=an_rkey,
    ref=a_text,
)
_read_builds = fields(
    floorUs=nullable(a_time),
    lastUs=a_time,
    mistaken=array(a_text),
    next=a_natural,
    tokens=entries(a_token_key, a_time),
    tokensUs=a_time,
    sources=entries(
        a_host,
        fields(
            details=a_boolean,
            forgotten=nullable(an_rkey),
            leaving=nullable(fields(number=a_natural, untilUs=a_time)),
            pipelines=a_boolean,
            spent=entries(an_rkey, nullable(a_told)),
        ),
    ),
)


def builds_from(given: Given, written: Json, runs: Dict[str, Json], statuses: List[Json]) -> Builds:
    """The part `builds` of what is written; Refused where that cannot belong together."""
    stamps = [entry["createdUs"] for entry in statuses]
    if any(left >= right for left, right in zip(stamps, stamps[1:])):
        refuse(stamps, "statuses in the order of their stamps")
    if stamps and stamps[-1] > written["lastUs"]:
        refuse(stamps[-1], "no status later than the last")
    for run in runs.values():
        builds = run["builds"].values()
        requests = [each["phase"]["request"]["number"] for each in (run, *builds) if "request" in each["phase"]]
        numbers = [run["phase"].get("number", 0), *(each["deadline"] for each in builds), *requests]
        if any(number >= written["next"] for number in numbers if number > 0 or written["next"] == 0):
            refuse(numbers, "numbers that were given out")
    told = [run["announced"]["createdUs"] for run in runs.values() if run["announced"] is not None]
    if len({*told, *stamps}) < len(told) + len(stamps):
        refuse(told, "a stamp of its own for each run and each status")
    if any(each > written["lastUs"] for each in told):
        refuse(told, "no run that is announced later than the last status")
    if any(each["leaving"] is not None and each["leaving"]["number"] >= written["next"] for each in written["sources"].values()):
        refuse(written["next"], "numbers of timers of knots that were given out")
    return Builds(given, **written, runs=runs, log=dict(zip(stamps, statuses)))


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
            if report["_tag"] != "TriggerIgnored":  # others' pushes are no news
                self.recent = (self.recent + [report])[-20:]


class Machine:
    """A state, stepped in place: nobody here needs old ones (porting.md, What a step may cost)."""

    def __init__(
        self, given: Given, commits: Commits, stream: Stream, knots: Knots, access: Access, backfill: Backfill, builds: Builds, counters: Counters
    ) -> None:
        self.given, self.commits, self.stream, self.knots, self.counters = given, commits, stream, knots, counters
        self.access, self.backfill, self.builds = access, backfill, builds

    @classmethod
    def initial(cls, config: Json) -> Machine:
        given = Given(config)
        return cls(given, Commits(given), Stream(given), Knots(given), Access(given), Backfill(given), Builds(given), Counters())

    def step(self, event: Event) -> List[Effect]:
        tag = event["_tag"]
        if self.is_stale(event) or (tag == "RecordsRead" and not self.backfill.is_awaited(event)):
            return []
        former, was_stopped = self.given.config, self.given.is_stopped
        if tag == "StopRequested" and was_stopped:
            return []
        self.given.see(event)
        if tag in STREAM_FRAMES and self.stream.is_astray(event):
            return self.stream.see(event)[0]
        is_for_backfill = tag != "JetstreamOpened" or self.stream.is_opened_by(event)
        if tag == "AccountReceived" and event["did"] in self.commits.accounts:  # what is no news of an account is none to its reading
            is_for_backfill = is_account_news(self.commits.accounts[event["did"]], event)
        stream_effects, stream_reports = self.stream.see(event)
        commit_reports = self.commits.see(event, former, self.stream.cursor)
        hold_effects = self.knots.align(event["at"], *self.commits.holds())
        if tag == "Started":
            hold_effects = []  # the start asks for every wanted knot anyway
        knot_effects, knot_reports = self.knots.see(event)
        access = self.access.see(event, self.commits, self.knots.told)
        backfill = self.backfill.see(event, self.commits) if is_for_backfill else ([], [])
        builds = self.builds.see(event, self.commits, self.knots, self.access, self.commits.released(), self.knots.arrived, was_stopped)
        reports = stream_reports + knot_reports + access[1] + backfill[1] + builds[1] + commit_reports
        if tag == "PassedOver":
            reports = reports + [event]
        self.counters.count(event, reports)
        effects = stream_effects + hold_effects + knot_effects + access[0] + backfill[0] + builds[0]
        if was_stopped and self.given.is_stopped:  # what would be asked for is asked for at the next start
            effects = [each for each in effects if each["_tag"] in SAID]
        return effects + [{"_tag": "Report", "report": report} for report in reports]

    def is_stale(self, event: Event) -> bool:
        """A frame of another connection of the stream. (The other events are judged where they are seen.)"""
        return event["_tag"] in STREAM_FRAMES and event["connection"] != self.stream.connection.number

    # 10. Writing and reading a state, and the questions of S17

    def _head(self) -> Json:
        return {
            "access": self.access.written(),
            "backfill": self.backfill.written(),
            "builds": self.builds.written(),
            "config": self.given.config,
            "counters": self.counters.written(),
            "cursor": self.stream.written(),
            "isStopped": self.given.is_stopped,
            "knots": self.knots.written(),
        }

    def written(self) -> Json:
        accounts = self.commits.accounts
        return {
            "accounts": [[did, accounts[did].written()] for did in sorted(accounts)],
            "head": self._head(),
            "runs": self.builds.written_runs(),
            "statuses": list(self.builds.log.values()),
        }

    def canonical(self) -> str:
        """The canonical text of `written()`, put together from that of the accounts, of which few change in a step."""
        accounts = self.commits.accounts
        texts = ",".join(f'["{did}",{accounts[did].canonical()}]' for did in sorted(accounts))
        runs, statuses = canonical(self.builds.written_runs()), canonical(list(self.builds.log.values()))
        return f'{{"accounts":[{texts}],"head":{canonical(self._head())},"runs":{runs},"statuses":{statuses}}}'

    @classmethod
    def read(cls, value: Json) -> Machine:
        """A written state, with all that is derived; Refused where its parts cannot belong together."""
        read = _read_state(value)
        head = read["head"]
        given = Given(head["config"], head["isStopped"])
        commits = Commits(given, read["accounts"])
        commits.derive()
        incoherent = commits.incoherence()
        if incoherent is not None:
            refuse(incoherent, "an account that is to be remembered, or one of every member")
        knots = Knots(given, **head["knots"])
        if knots.subscriptions.keys() != commits.holders.keys():
            refuse(sorted(knots.subscriptions), "subscriptions to the knots that the rows hold")
        if any(each.connection.number >= knots.next for each in knots.subscriptions.values()):
            refuse(knots.next, "a next number that was not given out")
        access = Access(given, **head["access"], claimants=commits.claims())
        if not access.entries.keys() <= access.claimants.keys():
            refuse(sorted(access.entries), "entries of repositories that records claim")
        if any(each["request"]["number"] >= access.next for each in access.entries.values()):
            refuse(access.next, "a next number that was not given out")
        builds = builds_from(given, head["builds"], read["runs"], read["statuses"])
        stream, backfill = Stream.of(given, head["cursor"]), Backfill(given, **head["backfill"])
        return cls(given, commits, stream, knots, access, backfill, builds, Counters(**head["counters"]))

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
        if ask == "statuses":
            return self.builds.page_after(question["after"], question["limit"])
        if ask == "servedAfter":
            return self.builds.served_after(question["cursor"])
        if ask == "pipelines":
            return pipelines_page(self.builds.runs, question)
        if ask == "pipeline":
            return next((pipeline_view(run) for run in announced(self.builds.runs) if pipeline_id(run) == question["id"]), None)
        return refuse(ask, "a question of S17")


_read_state = fields(
    accounts=entries(a_did, Account.read),
    head=fields(
        access=_read_access,
        backfill=_read_backfill,
        builds=_read_builds,
        config=read_config,
        counters=fields(frames=a_natural, recent=array(read_report), reports=entries(a_text, a_natural)),
        cursor=_read_stream,
        isStopped=a_boolean,
        knots=_read_knots,
    ),
    runs=entries(such(lambda text: _RUN_KEY.fullmatch(text) is not None, "a host and a record key"), a_run),
    statuses=array(an_entry),
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
    if tag not in ("StreamAdvanced", "AccountReceived", "CommitReceived", "FrameRejected"):
        return None
    if machine.is_stale(event) or machine.stream.is_awaited() or is_from_future(event):
        return None
    if tag == "CommitReceived" and not machine.commits.is_stranger(event["did"]):
        return None
    if tag == "FrameRejected" and not machine.stream.is_repeated(event):
        return None
    account = machine.commits.accounts.get(event["did"]) if tag == "AccountReceived" else None
    if tag == "AccountReceived" and account is None and event["did"] in machine.backfill.accounts:
        return None
    if account is not None and is_account_news(account, event):
        return None
    if tag == "StreamAdvanced":
        return event
    return {"at": event["at"], "connection": event["connection"], **_advanced(event["timeUs"]), "ordinal": event["ordinal"]}


def merged(before: Event, after: Event) -> Optional[Event]:
    """Two moves as one; None where a clock set back would put the later receipt on a stamp that is in its future."""
    event = {
        **after,
        "count": before["count"] + after["count"],
        "firstUs": before["firstUs"],
        "lastUs": max(before["lastUs"], after["lastUs"]),
        "ordinal": after["ordinal"] if before["lastUs"] <= after["lastUs"] else before["ordinal"],
    }
    return None if is_from_future(event) else event


def slim(event: Event, runs_before: Dict[str, Json], runs: Dict[str, Json], effects: List[Effect]) -> Event:
    """The event without what its step made no use of."""
    if event["_tag"] == "KnotReceived" and event["payload"]["_tag"] == "Trigger":
        trigger, key = event["payload"]["trigger"], f"{event['host']}/{event['rkey']}"
        begins = key in runs and key not in runs_before
        if not begins:
            empty = {"Manual": {"inputs": []}, "PullRequest": {}, "Push": {"changedFiles": None}}[trigger["cause"]["_tag"]]
            kept = {"cause": {**trigger["cause"], **empty}, "unkept": [], "workflows": None if trigger["workflows"] is None else []}
        else:
            kept = {"cause": without_changes(trigger["cause"])} if trigger["kind"] == "pipeline" else {}
        return {**event, "payload": {"_tag": "Trigger", "trigger": {**trigger, **kept}}}
    if event["_tag"] == "WorkflowsRead":
        run = runs.get(key_of(event))
        planned = [name for name, build in run["builds"].items() if build["recipe"] is not None] if run else []
        told = [
            (each["name"], each["text"]) for effect in effects if effect["_tag"] == "PublishPipeline" for each in effect["entry"]["workflows"]
        ]
        sources, workflows = event["sources"], []
        for each in event["workflows"]:
            if each["_tag"] == "Defined" and each["name"] not in planned:
                targets = [{**target, "settings": []} for target in each["targets"]]
                each = {**each, "environment": [], "steps": [], "targets": targets}
            workflows.append(each)
        if sources is not None:
            sources = [each for each in sources if each["text"] != "" and (each["name"], each["text"]) in told]
        return {**event, "sources": sources, "workflows": workflows}
    return event


def fold(machine: Machine, batch: Iterable[Event]) -> Folded:
    """Neighbours that only move the cursor are merged, and all are stepped."""
    effects: List[Effect] = []
    events: List[Event] = []

    def take(event: Optional[Event]) -> None:
        if event is not None:
            before, runs = machine.canonical(), dict(machine.builds.runs)
            caused = machine.step(event)
            effects.extend(caused)
            if machine.canonical() != before:
                events.append(slim(event, runs, machine.builds.runs, caused))

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


def answer_workflow(question: Json) -> Json:
    workflow = decode_workflow(question["name"], question["content"], question["data"])
    return {"detail": workflow["error"], "when": workflow["when"]} if workflow["_tag"] == "Faulty" else workflow


def answer_or_fault(answer: Callable[[Json], bool]) -> Callable[[Json], Json]:
    def answered(question: Json) -> Json:
        try:
            return answer(question)
        except Fault as fault:
            return {"error": str(fault)}

    return answered


def answer_variables(asked: Json) -> Json:
    names = ("cause", "defaultBranch", "knot", "repository", "rkey")
    return with_reserved(asked["environment"], variables_of(*(asked[name] for name in names)))


def is_readable(reader: Callable[[Json], Any]) -> Callable[[Json], bool]:
    def answer(value: Json) -> bool:
        try:
            reader(value)
            return True
        except Refused:
            return False

    return answer


LEEWAY_S, LIFE_S = 5, 300


class BadToken(Exception):
    """The name of what is wrong."""


def _must(holds: bool, error: str = "BadJwt") -> None:
    if not holds:
        raise BadToken(error)


def _token_part(text: str) -> Dict[str, Json]:
    try:
        return parse_object(text)
    except Rejected:
        raise BadToken("BadJwt") from None


def _judge_token(asked: Json) -> Json:
    """Tokens, as they come: the first that is wrong decides. Fields that are absent differ from those that are null."""
    head, body = _token_part(asked["header"]), _token_part(asked["claims"])
    kind = head.get("typ", "JWT")
    _must(isinstance(kind, str) and kind.upper() == "JWT", "BadJwtType")
    _must("crit" not in head and head.get("alg") in ("ES256", "ES256K"))
    issuer = body.get("iss")
    _must(isinstance(issuer, str) and is_did(issuer), "BadJwtIss")
    _must(head.get("kid", "#atproto") in ("#atproto", f"{issuer}#atproto"), "BadJwtIss")
    audience, method, token_id = body.get("aud"), body.get("lxm"), body.get("jti")
    _must(isinstance(audience, str) and isinstance(method, str))
    expires, issued, not_before = (read_time_us(body.get(name)) for name in ("exp", "iat", "nbf"))
    _must(expires is not None)
    _must(("iat" not in body or issued is not None) and ("nbf" not in body or not_before is not None))
    _must(isinstance(token_id, str) and re.fullmatch(r"[!-~]{1,256}", token_id) is not None)
    _must(audience in (asked["audience"], f"{asked['audience']}#{asked['service']}"), "BadJwtAudience")
    _must(method == asked["method"], "BadJwtLexiconMethod")
    now = asked["at"] / 1_000_000
    _must(now < expires + LEEWAY_S, "JwtExpired")
    _must(expires - now <= LIFE_S + LEEWAY_S)
    if issued is not None:
        _must(now - issued <= LIFE_S + LEEWAY_S and issued < expires)
    _must(all(time is None or time <= now + LEEWAY_S for time in (issued, not_before)), "JwtNotYetValid")
    return {"id": token_id, "untilUs": min((expires + LEEWAY_S) * 1_000_000, MAX_SAFE)}


def service_token(asked: Json) -> Json:
    try:
        return _judge_token(asked)
    except BadToken as error:
        return {"error": str(error)}


NOT_THERE = (400, 404, 405, 410, 426, 501)
LIST_PAGES_MAX, LIST_PAGE, LIST_DID_MAX, LIST_CURSOR_MAX = 6, 100, 270, 512

_SERVICE_HTTPS = re.compile(r"https://([^/]*?)(?::443)?/?", re.IGNORECASE | re.ASCII)
_SERVICE_HTTP = re.compile(r"http://([^/]*?)(?::80)?/?", re.IGNORECASE | re.ASCII)


def _host_of_service(hosts: Dict[str, Json], address: str) -> Optional[str]:
    """The host of a server without a path, as a document gives its address."""
    found = _SERVICE_HTTPS.fullmatch(address) or (_SERVICE_HTTP.fullmatch(address) if hosts["loopback"] else None)
    return None if found is None else host_name(hosts, found[1])


def _named_knot(repo: str, text: str) -> Optional[str]:
    """The address that a document gives for the knot of the repository; None when it names none."""
    document = parse_object(text)
    if document.get("id") != repo:
        raise Rejected("document", "it is of another DID")
    services = document.get("service", [])
    if not isinstance(services, list):
        raise Rejected("document", "it has no list of services")
    for each in services:
        if not isinstance(each, dict) or each.get("type") != "TangledKnot":
            continue
        if each.get("id") in ("#tangled_knot", f"{repo}#tangled_knot") and isinstance(each.get("serviceEndpoint"), str):
            return each["serviceEndpoint"]
    return None


def _page_of_list(asked: Optional[str], text: str) -> Tuple[List[str], Optional[str]]:
    """Whom a page of a knot's list names, and where the next begins; None after the last."""
    page = parse_object(text)
    items, cursor = page.get("items"), page.get("cursor")
    if not isinstance(items, list) or len(items) > LIST_PAGE:
        raise Rejected("page", "no list of items, or too many")
    after = None if cursor is None or cursor == "" else cursor
    if after is not None and not (
        isinstance(after, str) and excerpt(after, LIST_CURSOR_MAX) == after and well_formed(after) == after
    ):
        raise Rejected("page", "the cursor cannot be sent back")
    subjects = [each.get("subject") for each in items if isinstance(each, dict)]
    listed = [one for one in subjects if isinstance(one, str) and is_did(one) and len(one) <= LIST_DID_MAX]
    return listed, None if not items or after == asked else after


class Inquiry:
    """T2, who may push: what is asked, one thing after another, and what the answers mean."""

    def __init__(self, hosts: Dict[str, Json], knot: str, repo: str) -> None:
        self.hosts, self.knot, self.repo = hosts, knot, repo
        self.is_over = False
        self.keeps_lists = False
        self.owner, self.collaborators, self.pages = "", [], 0
        self.at: Json = {"_tag": "AskVersion"}
        if not is_did(repo):
            self._found({"_tag": "ByRecords"})

    def _found(self, access: Json) -> None:
        self.is_over, self.at = True, {"_tag": "Found", "access": access}

    def _unread(self, wait_ms: int = 0) -> None:
        self.is_over, self.at = True, {"_tag": "Unread", "waitMs": wait_ms}

    def _refused(self, said: Json) -> None:
        self._unread(0 if said["status"] in NOT_THERE else said["waitMs"])

    def _denied(self) -> None:
        self._found({"_tag": "Denied", "keepsLists": self.keeps_lists})

    def _no_knot(self) -> None:
        self._denied() if self.keeps_lists else self._found({"_tag": "ByRecords"})

    def hear(self, said: Json) -> None:
        asked = self.at["_tag"]
        if self.is_over:
            return None
        if said["_tag"] == "Unanswered":
            return self._unread(said["waitMs"])
        if said["_tag"] == "Missing":
            return self._no_knot() if asked == "AskDocument" else self._unread()
        try:
            return {"AskVersion": self._version, "AskDocument": self._document, "AskDescription": self._description}.get(
                asked, self._page
            )(said)
        except Rejected:
            return self._unread()

    def _version(self, said: Json) -> None:
        if said["status"] not in (200, *NOT_THERE):
            return self._refused(said)
        if said["status"] == 200:
            capabilities = parse_object(said["text"]).get("capabilities")
            self.keeps_lists = isinstance(capabilities, list) and "knot-acl" in capabilities
        self.at = {"_tag": "AskDocument"}

    def _document(self, said: Json) -> None:
        if said["status"] != 200:
            return self._unread()
        address = _named_knot(self.repo, said["text"])
        named = None if address is None else _host_of_service(self.hosts, address)
        if named is None:
            return self._no_knot()
        if named != self.knot:
            return self._denied()
        if not self.keeps_lists:
            return self._found({"_tag": "ByRecords"})
        self.at = {"_tag": "AskDescription"}

    def _description(self, said: Json) -> None:
        if said["status"] not in (200, *NOT_THERE):
            return self._refused(said)
        described = parse_object(said["text"])
        if described.get("error") == "RepoNotFound":
            return self._denied()
        owner = described.get("ownerDid")
        if said["status"] != 200 or described.get("repoDid") != self.repo or not (isinstance(owner, str) and is_did(owner)):
            return self._unread()
        self.owner = owner
        self.at = {"_tag": "AskCollaborators", "cursor": None}

    def _page(self, said: Json) -> None:
        if said["status"] != 200:
            return self._refused(said)
        listed, after = _page_of_list(self.at["cursor"], said["text"])
        self.collaborators += listed
        self.pages += 1
        if after is None:
            return self._found({"_tag": "ByKnot", "collaborators": self.collaborators, "owner": self.owner})
        if self.pages == LIST_PAGES_MAX:
            return self._unread()
        self.at = {"_tag": "AskCollaborators", "cursor": after}


def answer_inquiry(asked: Json) -> Json:
    """All that was asked, and what it has come to."""
    inquiry = Inquiry(asked["hosts"], asked["knot"], asked["repo"])
    course = [inquiry.at]
    for said in asked["said"]:
        inquiry.hear(said)
        course.append(inquiry.at)
    return course


def list_records(asked: Json) -> Json:
    """B2: a page of records; None for an answer that is a failure."""
    try:
        page = parse_object(asked["text"])
        items, cursor = page.get("records"), page.get("cursor")
        if not isinstance(items, list) or len(items) > LIST_PAGE:
            return None
        after = None if cursor is None or cursor == "" else cursor
        if after is not None and not (isinstance(after, str) and units(after) <= LIST_CURSOR_MAX and well_formed(after) == after):
            return None
    except Rejected:
        return None
    start, records = f"at://{asked['did']}/{asked['collection']}/", []
    for each in items:
        uri = each.get("uri") if isinstance(each, dict) else None
        if isinstance(uri, str) and uri.startswith(start) and is_rkey(uri[len(start) :]):
            record = read_record(asked["collection"], each.get("value"))
            if record is not None:
                records.append({"collection": asked["collection"], "record": record, "rkey": uri[len(start) :]})
    return {"next": None if not items or after == asked["cursor"] else after, "records": records}


def _workflow_name(place: str, value: Json) -> str:
    return _such(is_workflow_name, "the name of a workflow")(place, value)


def decode_call(asked: Json) -> Json:
    """T7: what the body of a call asks for; None for what is no call."""
    try:
        fields = parse_object(asked["text"])
        repo = _did("repo", fields.get("repo"))
        workflows = _list("workflows", WORKFLOWS_MAX, fields.get("workflows"), _workflow_name) or None
        if asked["method"] == "sh.tangled.ci.cancelPipeline":
            pipeline = _such(is_tid, "a TID")("pipeline", fields.get("pipeline"))
            return {"_tag": "CancelPipeline", "pipeline": pipeline, "repo": repo, "workflows": workflows}
        trigger = _object("trigger", fields.get("trigger"))
        source = trigger.get("sourceRepo")
        if trigger.get("$type") != "sh.tangled.ci.trigger#manual" or not (_is_absent(source) or source == repo):
            return None
        sha = _sha("sha", trigger.get("sha"))
        cause = {
            "_tag": "Manual",
            "inputs": _read_inputs("inputs", trigger.get("inputs")),
            "ref": _optional(_name, "ref", trigger.get("ref")),
            "sha": sha if sha.strip("0") else None,
        }
        return {"_tag": "TriggerPipeline", "cause": cause, "repo": repo, "workflows": workflows}
    except (Fault, Rejected):
        return None


SUBJECTS: Dict[str, Callable[[Json], Json]] = {
    "did": is_did,
    "rkey": is_rkey,
    "tid": is_tid,
    "nsid": is_nsid,
    "nanos": is_nanos,
    "date-time": time_of_date_time,
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
    "trigger": lambda question: decode_trigger(question["nsid"], question["event"]),
    "workflow": answer_workflow,
    "glob": answer_or_fault(lambda asked: match_glob(asked["pattern"], asked["name"])),
    "mistake": lambda asked: mistake_in(asked["when"]),
    "when": answer_or_fault(lambda asked: applies(asked["when"], asked["cause"], Work(WHEN_COST))),
    "variables": answer_variables,
    "pipeline-frame": pipeline_frame,
    "status-frame": status_frame,
    "cursor": decode_cursor,
    "build-key": build_key,
    "service-token": service_token,
    "inquiry": answer_inquiry,
    "list-records": list_records,
    "call": decode_call,
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
