"""Command lines that people have in their scripts for Rasa: `frontdesk` in place of `rasa` reads them, and acts."""

from __future__ import annotations

import json
import os
import shlex
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from frontdesk.cli.main import COMMANDS, main, make_parser
from frontdesk.testing.servers import free_port
from tests.conftest import frontdesk, start_server, until

# As they stand in Makefiles, Dockerfiles and workflows of public Rasa 3 projects, and in Rasa's own documentation.
LINES = """
rasa init --no-prompt
rasa init --no-prompt --init-dir bot
rasa train
rasa train --data data domain.yml --config config.yml --out models
rasa train -d domain/ -c config.yml --data data/nlu data/core --fixed-model-name model
rasa train --augmentation 0 --debug-plots --num-threads 4 --force
rasa train --dry-run
rasa train --dry-run --force
rasa train --finetune
rasa train --finetune models/first.tar.gz --epoch-fraction 0.2
rasa train --persist-nlu-data --endpoints endpoints.yml
rasa train --skip-validation --quiet
rasa train --fail-on-validation-warnings --validation-max-history 5 --debug
rasa train nlu
rasa train nlu --config config.yml --nlu data/nlu.yml --out models --fixed-model-name nlu -v
rasa train nlu -u data -d domain.yml --num-threads 2 --finetune --epoch-fraction 0.5
rasa train core
rasa train core -s data/stories.yml -c config.yml -d domain.yml --out models --augmentation 20
rasa train core -c one.yml two.yml --out comparison --runs 2 --percentages 0 5 25
rasa run
rasa run models/model.tar.gz
rasa run -m models --enable-api --cors "*" --debug
rasa run --enable-api --cors https://shop.example https://www.example --log-file out.log -p 5005
rasa run -i 0.0.0.0 --port 80 --endpoints endpoints.yml --credentials credentials.yml
rasa run -t secret --jwt-secret key --jwt-method HS256 --jwt-private-key private --enable-api
rasa run --ssl-certificate a.crt --ssl-keyfile a.key --ssl-ca-file ca.crt --ssl-password word
rasa run --connector rest --response-timeout 60 --request-timeout 30 --remote-storage aws
rasa run --use-syslog --syslog-address localhost --syslog-port 514 --syslog-protocol UDP
rasa run --logging-config-file logging.yml -vv
rasa run actions
rasa run actions --actions actions.actions --port 5056 --cors "*" --auto-reload --debug
rasa run actions -p 5055 --ssl-certificate a.crt --ssl-keyfile a.key --ssl-password word
rasa shell
rasa shell -m models --conversation-id ann --endpoints endpoints.yml
rasa shell --debug --enable-api --cors "*" -p 5006
rasa shell nlu
rasa shell nlu -m models/nlu.tar.gz
rasa shell nlu models/nlu.tar.gz --quiet
rasa test
rasa test --stories tests --fail-on-prediction-errors --out results
rasa test -m models -s tests/test_stories.yml --max-stories 3 --endpoints endpoints.yml --no-plot
rasa test --successes --no-errors --no-warnings --url http://localhost/stories.yml
rasa test core --stories tests/test_stories.yml --e2e -m models
rasa test core -m models/a.tar.gz models/b.tar.gz --stories tests --out comparison
rasa test core -m comparison --evaluate-model-directory
rasa test nlu --nlu data/nlu.yml --cross-validation
rasa test nlu -u data --cross-validation --folds 3 --config config.yml -d domain.yml --no-plot
rasa test nlu --nlu data --config one.yml two.yml --runs 4 --percentages 0 25 50 70 90
rasa data validate
rasa data validate --fail-on-warnings --data data --domain domain.yml --config config.yml
rasa data validate stories --max-history 5 --fail-on-warnings
rasa data split nlu -u data/nlu.yml --training-fraction 0.7 --random-seed 1 --out split
rasa data split stories --training-fraction 0.7
rasa data convert nlu -f json --data data/nlu.yml data/more.yml --out nlu.json --language de
rasa data migrate -d domain.yml --out new_domain.yml
rasa visualize
rasa visualize -d domain.yml -s data/stories.yml --out graph.html --max-history 3 -u data/nlu.yml
rasa export --endpoints endpoints.yml --conversation-ids ann,bob
rasa export --minimum-timestamp 1 --maximum-timestamp 2 --offset-timestamps-by-seconds 10
rasa evaluate markers all --config markers.yml out.csv
rasa evaluate markers first_n --config markers --no-stats 5 out.csv
rasa evaluate markers sample_n --seed 3 --stats-file-prefix stats --endpoints e.yml -d domain.yml 5 out.csv
rasa telemetry disable
rasa telemetry enable
rasa x
""".strip().splitlines()


@pytest.mark.parametrize("line", LINES)
def test_it_is_read(line: str) -> None:
    program, *arguments = shlex.split(line)
    assert program == "rasa"
    options = make_parser([arguments[0]]).parse_args(arguments)
    assert options.command == arguments[0] in COMMANDS
    assert callable(options.execute)


def run(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    return frontdesk(*shlex.split(line)[1:], cwd=folder)


def test_train_by_options(copy_of_starter: Path) -> None:
    elsewhere = copy_of_starter / "elsewhere"
    elsewhere.mkdir()
    for name in ("config.yml", "domain.yml", "data", "endpoints.yml"):
        (copy_of_starter / name).rename(elsewhere / name)
    line = "rasa train -c elsewhere/config.yml -d elsewhere/domain.yml --data elsewhere/data --out out"
    done = run(
        copy_of_starter, f"{line} --fixed-model-name here --augmentation 3 --num-threads 2 --debug-plots"
    )
    assert done.returncode == 0, done.stderr
    assert [p.name for p in (copy_of_starter / "out").iterdir()] == ["here.tar.gz"]
    for option in ("augmentation", "num-threads", "debug-plots"):
        assert f"--{option} has no effect: " in done.stderr
    current = run(copy_of_starter, f"{line} --dry-run")
    assert (current.returncode, current.stderr) == (0, "")
    assert run(copy_of_starter, f"{line} --dry-run --force").returncode == 8
    with (elsewhere / "data" / "nlu.yml").open("a") as file:
        file.write("# changed\n")
    assert run(copy_of_starter, f"{line} --dry-run").returncode == 1


def test_the_usual_files_by_name_are_the_usual_files(copy_of_starter: Path) -> None:
    line = "rasa train -c config.yml -d domain.yml --data data --endpoints endpoints.yml --dry-run"
    assert run(copy_of_starter, line).returncode == 0


def test_a_path_that_does_not_exist(copy_of_starter: Path, tmp_path: Path) -> None:
    done = run(copy_of_starter, "rasa data validate --data data/nowhere -d nowhere.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "There is no 'data/nowhere' (--data); 'data' is used." in done.stderr
    assert "There is no 'nowhere.yml' (--domain); 'domain.yml' is used." in done.stderr
    bad = run(tmp_path, "rasa train --data nowhere")
    assert bad.returncode == 1
    assert bad.stderr.strip() == "frontdesk: --data: There is no file or folder 'nowhere'."


def test_an_nlu_model(copy_of_starter: Path) -> None:
    assert run(copy_of_starter, "rasa train nlu -u data/nlu.yml --out nlu --persist-nlu-data").returncode == 0
    [model] = (copy_of_starter / "nlu").iterdir()
    assert model.name.startswith("nlu-")
    talk = subprocess.run(
        [sys.executable, "-m", "frontdesk.cli.main", "shell", "nlu", str(model)],
        cwd=copy_of_starter, input="hello\n/stop\n", capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    found = json.loads(talk.stdout[talk.stdout.index("{") :])
    assert (found["text"], found["intent"]["name"]) == ("hello", "greet")
    server = start_server(copy_of_starter, "-m", str(model), "--log-file", "out.log")
    try:
        body = {"sender": "ann", "message": "hello"}
        assert httpx.post(f"{server.url}/webhooks/rest/webhook", json=body).json() == []
    finally:
        server.stop()
    assert "The model holds no policies" in (copy_of_starter / "out.log").read_text()


def test_a_core_model_hears_payloads(copy_of_starter: Path) -> None:
    done = run(copy_of_starter, "rasa train core -s data --fixed-model-name core.tar.gz --out core")
    assert done.returncode == 0, done.stderr
    talk = subprocess.run(
        [sys.executable, "-m", "frontdesk.cli.main", "shell", "-m", "core"],
        cwd=copy_of_starter, input="/greet\n1\n", capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert "Hello! I'm an automated assistant." in talk.stdout
    assert "1: Leave a message  (/leave_message)" in talk.stdout
    assert "2: Type out your own message..." in talk.stdout
    assert "What is your e-mail address?" in talk.stdout, "the number chose the button"
    none = run(copy_of_starter, "rasa shell nlu -m core")
    assert none.returncode == 1
    assert "The model holds no NLU." in none.stderr


def test_without_a_domain_only_the_nlu_is_trained(copy_of_starter: Path) -> None:
    (copy_of_starter / "domain.yml").unlink()
    done = run(copy_of_starter, "rasa train --data data/nlu.yml --out out")
    assert done.returncode == 0, done.stderr
    assert "There is no domain: only the understanding (NLU) is trained." in done.stderr


def test_a_half_that_has_nothing_to_learn_does_not_ask_for_training(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    parts = "[{name: WhitespaceTokenizer}, {name: KeywordIntentClassifier}]"
    (tmp_path / "config.yml").write_text(f"language: en\npipeline: {parts}\npolicies: []\n")
    (tmp_path / "domain.yml").write_text("intents: [greet, bye]\n")
    examples = "nlu:\n- {intent: greet, examples: '- hi'}\n- {intent: bye, examples: '- bye'}\n"
    (tmp_path / "data" / "nlu.yml").write_text(examples)
    assert run(tmp_path, "rasa train").returncode == 0
    assert run(tmp_path, "rasa train --dry-run").returncode == 0
    rule = "rules:\n- {rule: greet, steps: [{intent: greet}, {action: action_listen}]}\n"
    (tmp_path / "data" / "rules.yml").write_text(rule)
    assert run(tmp_path, "rasa train --dry-run").returncode == 1


def test_validation_before_training(copy_of_starter: Path) -> None:
    steps = "\n  steps:\n  - intent: wonder\n  - action: "
    stories = f"stories:\n- story: one{steps}utter_goodbye\n- story: two{steps}utter_greet\n"
    domain = copy_of_starter / "domain.yml"
    domain.write_text(domain.read_text().replace("intents:\n", "intents:\n- wonder\n", 1))
    (copy_of_starter / "data" / "more.yml").write_text(stories)
    assert run(copy_of_starter, "rasa train --out out").returncode == 0
    refused = run(copy_of_starter, "rasa train --out other --fail-on-validation-warnings")
    assert refused.returncode == 1
    assert "'utter_goodbye'" in refused.stderr
    assert "'utter_greet'" in refused.stderr
    assert not (copy_of_starter / "other").exists()
    line = "rasa train --out other --fail-on-validation-warnings --skip-validation"
    assert run(copy_of_starter, line).returncode == 0


def test_going_on_from_a_model(copy_of_starter: Path) -> None:
    nlu = copy_of_starter / "data" / "nlu.yml"
    before = nlu.read_text()
    nlu.write_text(before.replace("- hello\n", "- hello\n    - hello to everyone in there\n", 1))
    done = run(copy_of_starter, "rasa train --finetune --epoch-fraction 0.2 --fixed-model-name next")
    assert done.returncode == 0, done.stderr
    assert "going on from" in done.stderr
    assert "--epoch-fraction has no effect" in done.stderr
    nlu.write_text(before + "- intent: brand_new\n  examples: |\n    - something else\n")
    refused = run(copy_of_starter, "rasa train nlu --finetune models/next.tar.gz")
    assert refused.returncode == 1
    assert "labels that it does not know (intent brand_new)" in refused.stderr


def test_cors_and_tls(copy_of_starter: Path, certificate: tuple[Path, Path]) -> None:
    crt, key = certificate
    options = ("--enable-api", "--cors", "https://shop.example", "--response-timeout", "20")
    port = free_port()
    tls = ("--ssl-certificate", str(crt), "--ssl-keyfile", str(key), "--port", str(port))
    process = subprocess.Popen(
        [sys.executable, "-m", "frontdesk.cli.main", "run", *options, *tls],
        cwd=copy_of_starter, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        assert any(f"https://localhost:{port}/" in line for line in process.stderr)
        trusted = ssl.create_default_context(cafile=str(crt))
        with httpx.Client(base_url=f"https://localhost:{port}", verify=trusted) as client:
            for path in ("/health", "/version", "/status"):
                for origin, answer in (
                    ("https://shop.example", "https://shop.example"),
                    ("https://evil.example", None),
                ):
                    reply = client.get(path, headers={"Origin": origin})
                    assert reply.headers.get("Access-Control-Allow-Origin") == answer
                    assert reply.status_code == (403 if path == "/status" and answer is None else 200)
            asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
            reply = client.options("/webhooks/rest/webhook", headers=asked)
            assert reply.status_code == 204
            assert "POST" in reply.headers["Access-Control-Allow-Methods"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost and its key, made for this test."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("tls")
    (folder / "a.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "a.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, secret))
    return folder / "a.crt", folder / "a.key"


def test_a_server_that_waits_for_a_model(copy_of_starter: Path) -> None:
    models = copy_of_starter / "models"
    models.rename(copy_of_starter / "kept")
    without = run(copy_of_starter, "rasa run")
    assert without.returncode == 1
    assert "There is no trained model." in without.stderr
    server = start_server(copy_of_starter, "--enable-api", "--auth-token", "word" * 8)
    try:
        url, body = f"{server.url}/webhooks/rest/webhook", {"sender": "a", "message": "hello"}
        assert httpx.post(url, json=body).status_code == 503
        (copy_of_starter / "kept").rename(models)
        [model] = models.glob("*.tar.gz")
        wanted = {"model_file": f"models/{model.name}"}
        reply = httpx.put(f"{server.url}/model?token={'word' * 8}", json=wanted, timeout=60)
        assert reply.status_code == 204, reply.text
        assert "automated assistant" in httpx.post(url, json=body).json()[0]["text"]
    finally:
        server.stop()


def test_one_connector_only(copy_of_starter: Path) -> None:
    (copy_of_starter / "credentials.yml").write_text("own.Channel:\n  token: x\nrest:\n")
    server = start_server(copy_of_starter, "--connector", "rest", "--endpoints", "endpoints.yml")
    try:
        reply = httpx.post(f"{server.url}/webhooks/rest/webhook", json={"sender": "a", "message": "hello"})
        assert "automated assistant" in reply.json()[0]["text"]
    finally:
        server.stop()


def test_the_terminal_as_a_connector(copy_of_starter: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "frontdesk.cli.main", "run", "--connector", "cmdline"],
        cwd=copy_of_starter, input="hello\n", capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert "automated assistant" in done.stdout


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("rasa run --remote-storage gcs -m model.tar.gz", "needs the variable BUCKET_NAME"),
        ("rasa run --remote-storage dropbox", "model storage"),
        ("rasa run -m nowhere.tar.gz", "There is no such model."),
        ("rasa run --ssl-certificate nowhere.crt", "TLS cannot be used"),
        ("rasa run --ssl-keyfile a.key", "TLS needs a certificate."),
        ("rasa train --config config.yml config.yml", "Only one config file can be trained."),
        ("rasa run --logging-config-file domain.yml", "no configuration of Python's logging"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(line: str, words: str, copy_of_starter: Path) -> None:
    done = run(copy_of_starter, line)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def health(port: int, headers: dict[str, str]) -> httpx.Response | None:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", headers=headers)
    except httpx.TransportError:
        return None


def test_an_action_server_with_its_options(copy_of_starter: Path) -> None:
    port = free_port()
    line = f"run actions --actions actions -p {port} --cors https://shop.example --debug --quiet"
    process = subprocess.Popen(
        [sys.executable, "-m", "frontdesk.cli.main", *shlex.split(line)],
        cwd=copy_of_starter,
        env={**os.environ, "FRONTDESK_ACTIONS_SECRET": "s" * 40},
        start_new_session=True,
    )
    page = {"Origin": "https://shop.example"}
    try:
        reply = until(lambda: health(port, page), "the action server answers")
        assert reply.json()["status"] == "ok"
        assert reply.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # it and its workers, also where it has not fully started
        process.wait(60)


def test_init_trains_where_nobody_is_asked(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    done = run(tmp_path, "rasa init --no-prompt")
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "models").glob("*.tar.gz"))) == 1
    again = run(tmp_path, "rasa init --no-prompt")
    assert again.returncode == 1
    assert "in the way: actions.py, config.yml" in again.stderr


def test_telemetry_and_x(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["telemetry", "disable"]) == 0
    assert "there is no telemetry" in capsys.readouterr().out
    assert main(["x", "--no-prompt"]) == 1
    assert "There is no Rasa X here" in capsys.readouterr().out


def test_several_files_are_converted_into_one(copy_of_starter: Path) -> None:
    more = copy_of_starter / "more.yml"
    more.write_text('version: "3.1"\nnlu:\n- intent: bye\n  examples: |\n    - see you\n    - bye now\n')
    line = "rasa data convert nlu -f json --data data/nlu.yml more.yml --out all.json -l de"
    done = run(copy_of_starter, line)
    assert done.returncode == 0, done.stderr
    examples = json.loads((copy_of_starter / "all.json").read_text())["rasa_nlu_data"]["common_examples"]
    assert {"text": "see you", "intent": "bye"} in [{k: e[k] for k in ("text", "intent")} for e in examples]


def test_markers_with_a_prefix_left_out(with_conversations: Path) -> None:
    (with_conversations / "markers.yml").write_text("greeted:\n  or:\n  - intent: greet\n")
    done = run(with_conversations, "rasa evaluate markers first_n 1 out.csv --stats-file-prefix")
    assert done.returncode == 0, done.stderr
    assert (with_conversations / "stats-overall.csv").is_file()


def test_events_go_to_the_broker_of_the_endpoints(with_conversations: Path) -> None:
    endpoints = with_conversations / "endpoints.yml"
    endpoints.write_text(endpoints.read_text() + "event_broker:\n  type: file\n  path: events.log\n")
    done = run(with_conversations, "rasa export --conversation-ids bob")
    assert done.returncode == 0, done.stderr
    assert "Sent 3 events of 1 conversations to the event broker." in done.stderr
    lines = [json.loads(line) for line in (with_conversations / "events.log").read_text().splitlines()]
    assert [(line["sender_id"], line["event"]) for line in lines] == [
        ("bob", e) for e in ("action", "user", "action")
    ]
    endpoints.write_text(endpoints.read_text().replace("type: file", "type: nats"))
    other = run(with_conversations, "rasa export")
    assert other.returncode == 1
    assert "'nats'" in other.stderr
