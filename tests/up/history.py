"""A history that `hearth up --history FILE` has written, request by request, for what only a test can judge: whether clients,
gateway and replicas tell the same story. Whether the history itself is in order is judged by history_check."""
import dataclasses


@dataclasses.dataclass
class Attempt:
    replica: str
    sent: bool = False
    how: str = ""  # it ended


@dataclasses.dataclass
class Request:
    id: str
    attempts: list = dataclasses.field(default_factory=list)
    outcome: str = ""  # answered, cut, client_gone; "": none, the writer was killed
    status: int = 0
    replica: str = "-"  # whose answer

    @property
    def sends(self):
        return sum(attempt.sent for attempt in self.attempts)

    def last_sent(self):
        return next((a.replica for a in reversed(self.attempts) if a.sent), "-")


def read(text):
    """Request id → Request. Ids are the tests' own, without tabs."""
    requests, by_number = {}, {}
    for line in text.splitlines():
        fields = line.split("\t")
        if len(fields) != 7:
            continue  # the last line of a killed writer
        _, event, number, _, replica, value, words = fields
        if event == "arrived":
            if words in requests:
                raise AssertionError(f"request {words} arrived twice")
            by_number[number] = requests[words] = Request(words)
        elif event == "bound":
            by_number[number].attempts.append(Attempt(replica))
        elif event == "sent":
            by_number[number].attempts[-1].sent = True
        elif event == "released":
            by_number[number].attempts[-1].how = words
        elif event in ("answered", "cut", "client_gone"):
            request = by_number[number]
            request.outcome, request.status, request.replica = event, int(value), replica
    return requests
