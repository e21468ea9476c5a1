# whichproxy in a container: nothing is compiled when it starts, nobody in it is root, and nothing in it can be written.
#
#   docker build -t whichproxy .
#   docker run --rm -v "$PWD:/captures:ro" whichproxy report /captures
#
# --build-arg EXTRAS=[remote] reads object stores too. docs/platforms.md says what was measured, and how.

FROM debian:bookworm-slim AS build
ARG EXTRAS=""
RUN apt-get update && apt-get install -y --no-install-recommends python3-venv python3-dev gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY pyproject.toml setup.py requirements.txt README.md LICENSE NOTICE /src/
COPY docs/verdict.schema.json docs/study.schema.json docs/history.schema.json /src/docs/
COPY analyzer /src/analyzer
# What nobody runs in a container goes: pip, the libraries' own tests, and headers.
RUN python3 -m venv /opt/whichproxy \
    && /opt/whichproxy/bin/pip install --no-cache-dir --disable-pip-version-check "/src$EXTRAS" \
    && /opt/whichproxy/bin/pip uninstall -y --disable-pip-version-check pip setuptools \
    && find /opt/whichproxy/lib -depth -type d \( -name tests -o -name include \) -path "*/site-packages/*" \
       -not -path "*/scapy/*" -exec rm -rf {} +
# A build without its compiled kernels would be slow, and is none.
RUN /opt/whichproxy/bin/whichproxy doctor | grep "^ok  *compiled"

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends python3 && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin whichproxy
COPY --from=build /opt/whichproxy /opt/whichproxy
ENV MPLCONFIGDIR=/tmp PYTHONDONTWRITEBYTECODE=1
USER 10001
WORKDIR /captures
ENTRYPOINT ["/opt/whichproxy/bin/whichproxy"]
CMD ["--help"]
