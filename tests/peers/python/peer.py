"""The service of peers.proto on grpcio (`serve`), and what grpcio's client checks of a server (`check ADDRESS`)."""

import queue
import sys
import threading
import time
from concurrent import futures

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

import peers_pb2 as pb
import peers_pb2_grpc

BYTES = b"\x00\x01\xfe\xff"


class Peers(peers_pb2_grpc.PeersServicer):
    def __init__(self):
        self.lock = threading.Lock()
        self.cancelled = 0

    def Unary(self, request, context):
        echo(context)
        return self.answer(request, context)

    def ServerStream(self, request, context):
        echo(context)
        for _ in range(request.answers):
            yield self.answer(request, context)

    def ClientStream(self, requests, context):
        echo(context)
        return pb.Answer(text=" ".join(self.answer(request, context).text for request in requests))

    def Bidi(self, requests, context):
        echo(context)
        for request in requests:
            yield self.answer(request, context)

    def Cancelled(self, request, context):
        return pb.CancelledReply(calls=self.cancelled)

    def answer(self, question, context):
        end = time.monotonic() + question.sleep_ms / 1000
        while time.monotonic() < end:
            if not context.is_active():
                with self.lock:
                    self.cancelled += 1
                context.abort(grpc.StatusCode.CANCELLED, "given up")
            time.sleep(0.01)
        if question.fail:
            context.abort_with_status(rpc_status.to_status(failure(question.text)))
        left = context.time_remaining()
        # Without a deadline grpcio says either nothing or a very long time.
        known = left is not None and left < 1e6
        return pb.Answer(text=question.text, remaining_ms=int(left * 1000) if known else None)


def echo(context):
    metadata = dict(context.invocation_metadata())
    if "echo-text" in metadata:
        context.send_initial_metadata((("echo-text", metadata["echo-text"]),))
    if "echo-bin" in metadata:
        context.set_trailing_metadata((("echo-bin", metadata["echo-bin"]),))


def failure(description):
    violation = error_details_pb2.BadRequest.FieldViolation(field="text", description=description)
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.BadRequest(field_violations=[violation]))
    return status_pb2.Status(code=code_pb2.INVALID_ARGUMENT, message="no ☃ today", details=[detail])


def serve():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    peers_pb2_grpc.add_PeersServicer_to_server(Peers(), server)
    print(server.add_insecure_port("127.0.0.1:0"))
    server.start()
    server.wait_for_termination()


def unary(stub):
    answer = stub.Unary(pb.Question(text="hello"))
    assert answer == pb.Answer(text="hello"), answer


def server_stream(stub):
    texts = [answer.text for answer in stub.ServerStream(pb.Question(text="again", answers=3))]
    assert texts == ["again"] * 3, texts


def client_stream(stub):
    answer = stub.ClientStream(pb.Question(text=text) for text in "abc")
    assert answer.text == "a b c", answer


def bidi(stub):
    """Each question is sent only once the one before is answered: nothing may be held back."""
    questions = queue.Queue()
    answers = stub.Bidi(iter(questions.get, None))
    for text in ("one", "two", "three"):
        questions.put(pb.Question(text=text))
        answer = next(answers)
        assert answer.text == text, answer
    questions.put(None)
    assert list(answers) == []


def metadata(stub):
    sent = (("echo-text", "a b"), ("echo-bin", BYTES))
    _, call = stub.Unary.with_call(pb.Question(text="x"), metadata=sent)
    assert dict(call.initial_metadata())["echo-text"] == "a b", call.initial_metadata()
    assert dict(call.trailing_metadata())["echo-bin"] == BYTES, call.trailing_metadata()

    call = stub.ServerStream(pb.Question(text="x", answers=1), metadata=sent)
    assert len(list(call)) == 1
    assert dict(call.initial_metadata())["echo-text"] == "a b", call.initial_metadata()
    assert dict(call.trailing_metadata())["echo-bin"] == BYTES, call.trailing_metadata()


def error_details(stub):
    refused(error_of(lambda: stub.Unary(pb.Question(text="why", fail=True))))


def error_in_a_stream(stub):
    answers = stub.Bidi(iter([pb.Question(text="fine"), pb.Question(text="why", fail=True)]))
    assert next(answers).text == "fine"
    refused(error_of(lambda: next(answers)))


def refused(error):
    status = rpc_status.from_call(error)
    assert (status.code, status.message) == (code_pb2.INVALID_ARGUMENT, "no ☃ today"), status
    detail = error_details_pb2.BadRequest()
    assert len(status.details) == 1 and status.details[0].Unpack(detail), status
    assert [(one.field, one.description) for one in detail.field_violations] == [("text", "why")], detail


def deadline(stub):
    left = stub.Unary(pb.Question(text="x"), timeout=30).remaining_ms
    # grpcio rounds the time up.
    assert 20_000 <= left <= 31_000, left
    error = error_of(lambda: stub.Unary(pb.Question(text="x", sleep_ms=60_000), timeout=0.2))
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error


def deadline_of_a_stream(stub):
    questions = iter([pb.Question(text="x"), pb.Question(text="y", sleep_ms=60_000)])
    answers = stub.Bidi(questions, timeout=0.5)
    assert next(answers).text == "x"
    error = error_of(lambda: next(answers))
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error


def cancellation(stub):
    before = stub.Cancelled(pb.CancelledRequest()).calls
    call = stub.Unary.future(pb.Question(text="x", sleep_ms=60_000))
    time.sleep(0.3)
    call.cancel()
    more_cancelled(stub, before)


def cancellation_of_a_stream(stub):
    before = stub.Cancelled(pb.CancelledRequest()).calls
    questions = queue.Queue()
    questions.put(pb.Question(text="x"))
    questions.put(pb.Question(text="y", sleep_ms=60_000))
    answers = stub.Bidi(iter(questions.get, None))
    assert next(answers).text == "x"
    time.sleep(0.2)
    answers.cancel()
    questions.put(None)
    more_cancelled(stub, before)


def more_cancelled(stub, before):
    """Waits until the server knows of one more call that was given up."""
    for _ in range(50):
        if stub.Cancelled(pb.CancelledRequest()).calls > before:
            return
        time.sleep(0.1)
    raise AssertionError("the server did not notice")


def error_of(call):
    try:
        answer = call()
    except grpc.RpcError as error:
        return error
    raise AssertionError(f"{answer} instead of an error")


CHECKS = [
    unary,
    server_stream,
    client_stream,
    bidi,
    metadata,
    error_details,
    error_in_a_stream,
    deadline,
    deadline_of_a_stream,
    cancellation,
    cancellation_of_a_stream,
]


def check(address):
    failed = 0
    for one in CHECKS:
        with grpc.insecure_channel(address) as channel:
            try:
                one(peers_pb2_grpc.PeersStub(channel))
            except (AssertionError, grpc.RpcError) as error:
                failed += 1
                print(f"FAILED: {one.__name__}: {error!r}")
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return failed


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        sys.exit(1 if check(sys.argv[2]) else 0)
