"""The three forms of requests and answers, and the small routes, against the real model and golden vectors."""

import array
import base64
import concurrent.futures
import json
import math
import unittest

from hearth_process import SOURCE, Hearth, main

TEXTS = [json.loads(line) for line in (SOURCE / "tests/golden/minilm_texts.jsonl").open()]
WIDTH = 384


def golden():
    """The vectors of sentence-transformers, one per text."""
    floats = array.array("f", (SOURCE / "tests/golden/minilm_vectors.f32").read_bytes())
    return [floats[i:i + WIDTH] for i in range(0, len(floats), WIDTH)]


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


class Forms(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Hearth()
        cls.golden = golden()
        cls.rows = [(row["text"], cls.golden[row["id"]]) for row in TEXTS]
        cls.worded = [(text, vector) for text, vector in cls.rows if text]

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def assert_same(self, vector, wanted, text):
        self.assertEqual(len(vector), WIDTH)
        worst = max(abs(a - b) for a, b in zip(vector, wanted))
        self.assertLessEqual(worst, 1e-5, text[:80])
        self.assertGreaterEqual(cosine(vector, wanted), 0.999999, text[:80])

    def test_seed_form_equals_sentence_transformers(self):
        for text, wanted in self.rows:
            reply = self.server.post("/embed", {"text": text})
            self.assertEqual(reply.status, 200)
            self.assertEqual(reply.headers["content-type"], "application/json")
            self.assertEqual(list(reply.json()), ["embedding"])
            self.assert_same(reply.json()["embedding"], wanted, text)

    def test_tei_form_in_one_batch(self):
        reply = self.server.post("/embed", {"inputs": [text for text, _ in self.worded]})
        self.assertEqual(reply.status, 200)
        self.assertEqual(len(reply.json()), len(self.worded))
        for vector, (text, wanted) in zip(reply.json(), self.worded):
            self.assert_same(vector, wanted, text)

    def test_openai_form_in_one_batch(self):
        reply = self.server.post("/v1/embeddings", {"input": [text for text, _ in self.worded], "model": "any"})
        answer = reply.json()
        self.assertEqual(answer["object"], "list")
        self.assertEqual([row["index"] for row in answer["data"]], list(range(len(self.worded))))
        for row, (text, wanted) in zip(answer["data"], self.worded):
            self.assertEqual(row["object"], "embedding")
            self.assert_same(row["embedding"], wanted, text)
        tokens = sum(row["tokens"] for row in TEXTS if row["text"])
        self.assertEqual(answer["usage"], {"prompt_tokens": tokens, "total_tokens": tokens})
        self.assertEqual(answer["model"], "all-MiniLM-L6-v2")

    def test_openai_base64_holds_the_same_floats(self):
        for path in ("/v1/embeddings", "/embeddings"):
            plain = self.server.post(path, {"input": "a b"}).json()["data"][0]["embedding"]
            coded = self.server.post(path, {"input": "a b", "encoding_format": "base64"}).json()["data"][0]["embedding"]
            self.assertEqual(list(array.array("f", base64.b64decode(coded))), list(array.array("f", plain)))

    def test_many_clients_at_once_get_their_own_vectors(self):
        with concurrent.futures.ThreadPoolExecutor(16) as clients:
            replies = list(clients.map(lambda row: self.server.post("/embed", {"text": row[0]}), self.rows))
        for reply, (text, wanted) in zip(replies, self.rows):
            self.assert_same(reply.json()["embedding"], wanted, text)

    def test_token_ids_stand_for_their_text(self):
        # [CLS] hello world [SEP]; the template is put around ids that lack it.
        wanted = self.server.post("/embed", {"inputs": "hello world"}).json()[0]
        for ids in ([7592, 2088], [101, 7592, 2088, 102]):
            for path, body in (("/embed", {"inputs": ids}), ("/embed", {"inputs": ["x", ids]})):
                self.assert_same(self.server.post(path, body).json()[-1], wanted, str(ids))
            for given in (ids, [ids]):
                answer = self.server.post("/v1/embeddings", {"input": given}).json()
                self.assert_same(answer["data"][0]["embedding"], wanted, str(ids))

    def test_dimensions_cut_and_normalise_again(self):
        whole = self.server.post("/embed", {"inputs": "a warm pool"}).json()[0]
        norm = math.sqrt(sum(x * x for x in whole[:8]))
        for path, key in (("/embed", "inputs"), ("/v1/embeddings", "input")):
            answer = self.server.post(path, {key: "a warm pool", "dimensions": 8}).json()
            cut = answer[0] if path == "/embed" else answer["data"][0]["embedding"]
            self.assertEqual(len(cut), 8)
            for got, wanted in zip(cut, whole):
                self.assertAlmostEqual(got, wanted / norm, places=5)

    def test_normalize_false_gives_the_pooled_vector(self):
        unit = self.server.post("/embed", {"inputs": "a warm pool"}).json()[0]
        raw = self.server.post("/embed", {"inputs": "a warm pool", "normalize": False}).json()[0]
        self.assertAlmostEqual(math.sqrt(sum(x * x for x in unit)), 1, places=5)
        self.assertGreater(abs(math.sqrt(sum(x * x for x in raw)) - 1), 0.01)
        self.assertGreater(cosine(unit, raw), 0.999999)

    def test_truncation_takes_the_side_that_is_asked(self):
        text = " ".join(f"number{i}" for i in range(600))
        right = self.server.post("/embed", {"inputs": text}).json()[0]
        left = self.server.post("/embed", {"inputs": text, "truncation_direction": "Left"}).json()[0]
        self.assertLess(cosine(left, right), 0.9999)
        self.assert_same(self.server.post("/embed", {"inputs": text + " more", "truncate": True}).json()[0], right, "cut")
        refused = self.server.post("/embed", {"inputs": ["short", text], "truncate": False})
        self.assertEqual(refused.status, 422)
        self.assertIn("`inputs[1]` has more than 256 tokens", refused.json()["error"])

    def test_unknown_prompt_names_are_refused(self):
        reply = self.server.post("/embed", {"inputs": "a", "prompt_name": "nothing"})
        self.assertEqual(reply.status, 422)
        self.assertIn("prompt_name", reply.json()["error"])

    def test_answers_say_what_they_cost(self):
        headers = self.server.post("/embed", {"inputs": "hello world"}).headers
        self.assertEqual(headers["x-compute-type"], "cpu")
        self.assertEqual(headers["x-compute-tokens"], "4")
        self.assertEqual(headers["x-compute-characters"], "11")
        for name in ("total", "tokenization", "queue", "inference"):
            self.assertGreaterEqual(float(headers[f"x-{name}-time"]), 0)

    def test_a_big_client_batch_is_split_and_answered_whole(self):
        texts = [f"text number {i}" for i in range(512)]
        rows = self.server.post("/embed", {"inputs": texts}).json()
        self.assertEqual(len(rows), 512)
        for i in (0, 17, 511):
            self.assert_same(rows[i], self.server.post("/embed", {"inputs": texts[i]}).json()[0], texts[i])

    def test_small_routes(self):
        self.assertEqual(self.server.get("/health").json(), {"status": "alive"})
        ready = self.server.get("/ready")
        self.assertEqual(ready.body, b'{"status":"ready"}')
        self.assertEqual(int(ready.headers["x-hearth-slots"]), 16 * self.server.get("/info").json()["workers"])
        self.assertNotIn("x-hearth-nonce", ready.headers)
        info = self.server.get("/info").json()
        self.assertEqual(info["model_type"], {"embedding": {"pooling": "mean"}})
        self.assertEqual(info["max_input_length"], 256)
        self.assertEqual(info["max_client_batch_size"], 2048)
        models = self.server.get("/v1/models").json()
        self.assertEqual(models["data"][0]["id"], "all-MiniLM-L6-v2")
        page = self.server.get("/")
        self.assertEqual(page.headers["content-type"], "text/html; charset=utf-8")
        self.assertIn(b"/v1/embeddings", page.body)
        head = self.server.request("HEAD", "/health")
        self.assertEqual((head.status, head.body), (200, b""))


class OfficialClient(unittest.TestCase):
    """The client that most callers use: it asks for base64 unless told otherwise."""

    def test_openai_client(self):
        import openai

        with Hearth("--served-model-name", "minilm", env={"API_KEY": "sk-test"}) as server:
            client = openai.OpenAI(base_url=server.url + "/v1", api_key="sk-test", max_retries=0)
            answer = client.embeddings.create(model="minilm", input=["one", "two"])
            self.assertEqual([len(row.embedding) for row in answer.data], [WIDTH, WIDTH])
            self.assertEqual(answer.model, "minilm")
            floats = client.embeddings.create(model="minilm", input="one", encoding_format="float")
            self.assertGreater(cosine(floats.data[0].embedding, answer.data[0].embedding), 0.999999)
            self.assertEqual(len(client.embeddings.create(model="minilm", input="one", dimensions=16).data[0].embedding), 16)
            self.assertEqual([model.id for model in client.models.list()], ["minilm"])
            with self.assertRaises(openai.BadRequestError) as caught:
                client.embeddings.create(model="minilm", input="")
            self.assertIn("input", caught.exception.message)
            stranger = openai.OpenAI(base_url=server.url + "/v1", api_key="sk-wrong", max_retries=0)
            with self.assertRaises(openai.AuthenticationError):
                stranger.embeddings.create(model="minilm", input="one")


if __name__ == "__main__":
    main()
