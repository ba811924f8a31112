# The seed's image, as its article has it, from what can be had without a registry: Debian's python3 in place of python:3.11-slim, and the
# packages that `pip install fastapi uvicorn sentence-transformers` gives, copied from a virtual environment. tools/bench/seed_image makes it.
FROM debian:bookworm-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY packages /usr/local/lib/python3.11/dist-packages
COPY model /app/model
COPY seed_app.py /app/app.py
ENV MODEL=/app/model
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://localhost:8000/ready')"]
CMD ["python3", "-m", "uvicorn", "app:app", "--host", "0.0.0.0", "--port", "8000"]
