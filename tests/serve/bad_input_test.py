"""Bad input over the wire: each is answered with a status that says whose fault it is, and the server goes on."""

import json
import socket
import struct
import unittest

from hearth_process import DEADLINE, Hearth, await_true, main, raw_post


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Hearth()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def tearDown(self):
        self.assertIsNone(self.server.process.poll(), self.server.stderr())
        self.assertEqual(self.server.post("/embed", {"text": "still here"}).status, 200)

    def assert_refused(self, path, body, status, part):
        reply = self.server.post(path, body)
        self.assertEqual(reply.status, status, reply.body)
        self.assertEqual(reply.headers["content-type"], "application/json")
        error = reply.json()["error"]
        message = error["message"] if path.startswith("/v1") else error
        self.assertIn(part, message)
        if path == "/embed":
            self.assertTrue(reply.json()["error_type"])

    def test_not_json(self):
        for body in (b"", b"{", b"hello", b'{"text": "a"', b"\x00\x01\x02", b'{"text": "a"} trailing'):
            for path in ("/embed", "/v1/embeddings"):
                self.assert_refused(path, body, 400, "not valid JSON")
        for body in (b"[]", b'"text"', b"7", b"null"):
            self.assert_refused("/embed", body, 422, "must be a JSON object")

    def test_wrong_types(self):
        for value in (5, True, ["a"], {"a": 1}, None):
            self.assert_refused("/embed", {"text": value}, 422, "`text`")
        for value in (5, True, {"a": 1}, [True], [["a"]], [1, "a"]):
            self.assert_refused("/embed", {"inputs": value}, 422, "`inputs")
            self.assert_refused("/v1/embeddings", {"input": value}, 422, "`input")
        self.assert_refused("/embed", {"inputs": "a", "truncate": "no"}, 422, "`truncate`")
        self.assert_refused("/embed", {"inputs": "a", "dimensions": 385}, 422, "384")
        self.assert_refused("/v1/embeddings", {"input": "a", "dimensions": 0}, 422, "`dimensions`")
        self.assert_refused("/v1/embeddings", {"input": "a", "encoding_format": 1}, 422, "`encoding_format`")

    def test_unknown_fields_are_ignored(self):
        self.assertEqual(self.server.post("/embed", {"text": "a", "extra": {"deep": [1]}}).status, 200)
        self.assertEqual(self.server.post("/v1/embeddings", {"input": "a", "user": "u", "extra": 1}).status, 200)

    def test_missing_fields(self):
        self.assert_refused("/embed", {}, 422, "`text` is missing")
        self.assert_refused("/v1/embeddings", {"inputs": "a"}, 422, "`input` is missing")

    def test_empties(self):
        empty = self.server.post("/embed", {"text": ""})
        self.assertEqual((empty.status, len(empty.json()["embedding"])), (200, 384))
        for path, key in (("/embed", "inputs"), ("/v1/embeddings", "input")):
            for value in ("", [], ["a", ""], [[]]):
                self.assert_refused(path, {key: value}, 400, f"`{key}")

    def test_token_ids_out_of_range(self):
        self.assert_refused("/embed", {"inputs": [[101, 30522]]}, 422, "`inputs[0][1]` is token 30522")
        self.assert_refused("/v1/embeddings", {"input": [-1]}, 422, "`input[0]`")

    def test_body_of_3_mb(self):
        self.assert_refused("/embed", json.dumps({"text": "a" * 3_000_000}).encode(), 413, "2000000")

    def test_too_many_texts(self):
        self.assert_refused("/embed", {"inputs": ["a"] * 2049}, 422, "2049 texts, the limit is 2048")

    def test_nesting_100000_deep(self):
        for body in (b"[" * 100_000, b'{"text":' * 100_000, b'{"text": "a", "x": ' + b"[" * 100_000):
            self.assert_refused("/embed", body, 400, "nested deeper")

    def test_invalid_utf8_and_lone_surrogates(self):
        for text in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\\ud800", b"\\udc00"):
            self.assert_refused("/embed", b'{"text": "a' + text + b'"}', 400, "not valid JSON")
            self.assert_refused("/v1/embeddings", b'{"input": "a' + text + b'"}', 400, "not valid JSON")

    def test_nul_characters_are_text(self):
        self.assertEqual(self.server.post("/embed", {"text": "a\0b"}).json(), self.server.post("/embed", {"text": "ab"}).json())

    def test_one_word_of_1_mb(self):
        unknown = self.server.post("/embed", {"text": "x" * 1_000_000})
        self.assertEqual((unknown.status, unknown.headers["x-compute-tokens"]), (200, "3"))

    def test_duplicate_keys_the_last_counts(self):
        last = self.server.post("/embed", b'{"text": "first", "text": "last"}')
        self.assertEqual(last.json(), self.server.post("/embed", {"text": "last"}).json())

    def test_wrong_methods_paths_and_types(self):
        self.assertEqual(self.server.get("/nothing").status, 404)
        self.assertEqual(self.server.get("/embed").status, 405)
        self.assertEqual(self.server.get("/embed").headers["allow"], "POST")
        form = self.server.request("POST", "/embed", b"text=a", {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(form.status, 415)
        self.assertEqual(self.server.request("POST", "/embed", b'{"text": "a"}').status, 200)

    def test_half_closed_client_still_gets_its_answer(self):
        with self.server.connect() as connection:
            connection.sendall(raw_post("/embed", b'{"text": "half"}'))
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
        self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer[:100])

    def test_client_gone_in_the_middle_of_a_batch(self):
        before = self.server.metric('te_request_failure{err="dropped"}')
        body = json.dumps({"inputs": [" ".join(["word"] * 250)] * 500}).encode()
        connection = self.server.connect()
        connection.sendall(raw_post("/embed", body))
        await_true("the batch is being computed", lambda: self.server.metric("hearth_queue_texts") > 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close by reset
        connection.close()
        await_true("the rest is dropped", lambda: self.server.metric("hearth_queue_texts") == 0, DEADLINE)
        self.assertEqual(self.server.metric('te_request_failure{err="dropped"}'), before + 1)


if __name__ == "__main__":
    main()
