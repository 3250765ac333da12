"""Hold conversations with Rasa: run by Rasa's own Python as `rasa_side.py JOB.json`; nothing of Frontdesk is here.

The job names a folder with a Rasa project, the files to read, and conversations; the answer is what was logged in
each turn, in Rasa's own wire form.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

OFFSET = [0.0]
_real = time.time
time.time = lambda: _real() + OFFSET[0]  # `wait:` moves the clock of the whole process

os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")


def main() -> None:
    """Do all jobs of a file, and write what happened beside it."""
    _hush()
    job_file = Path(sys.argv[1])
    answers = [_answer(job) for job in json.loads(job_file.read_text("utf-8"))]
    job_file.with_suffix(".out").write_text(json.dumps(answers), "utf-8")


def _hush():
    """Log warnings only: what is logged about every prediction would take most of the time."""
    import logging

    import structlog

    logging.disable(logging.INFO)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def _answer(job):
    try:
        return asyncio.run(_hold(job))
    except (Exception, SystemExit) as error:  # one project that fails must not end the run
        import traceback

        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"}


async def _hold(job):
    os.chdir(job["folder"])
    if job.get("validate"):
        _validate(job)
    begun = time.perf_counter()
    model = await asyncio.to_thread(_train, job)
    trained = time.perf_counter() - begun
    server, url = (None, job.get("action_url")) if job.get("action_url") else _action_server(job)
    try:
        agent = _agent(model, url)
        begun = time.perf_counter()
        held = [await _converse(agent, talk) for talk in job["conversations"]]
        return {"train_seconds": trained, "talk_seconds": time.perf_counter() - begun, "conversations": held}
    finally:
        if server:
            server.terminate()
            server.wait()


def _train(job):
    import rasa.model_training

    done = rasa.model_training.train(
        domain=job["domain"],
        config=job["config"],
        training_files=job["data"],
        output="models-rasa",
        force_training=True,
        fixed_model_name="parity",
    )
    if not done.model:
        raise RuntimeError(f"training ended with code {done.code}")
    return done.model


def _validate(job):
    """Let Rasa's own command look at the files. Raises where it finds an error."""
    command = ["data", "validate", "-c", job["config"], "-d", job["domain"]]
    done = subprocess.run([sys.executable, "-m", "rasa", *command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"rasa {' '.join(command)} ended with {done.returncode}:\n{done.stdout[-3000:]}")


def _action_server(job):
    if not job.get("actions"):
        return None, None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "rasa_sdk", "--actions", job["actions"], "--port", str(port)]
    environment = {**os.environ, "ACTION_SERVER_SANIC_WORKERS": "1"}
    with open("actions-rasa.log", "w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    for _ in range(300):
        if server.poll() is not None:
            raise RuntimeError(
                "the action server did not start:\n" + Path("actions-rasa.log").read_text()[-2000:]
            )
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).read()
            break
        except OSError:
            time.sleep(0.2)
    return server, f"http://127.0.0.1:{port}/webhook"


def _agent(model, url):
    import numpy
    from rasa.core.agent import Agent
    from rasa.core.tracker_store import SQLTrackerStore
    from rasa.utils.endpoints import EndpointConfig

    chance = numpy.random.choice

    def first(items, *args, **options):
        """Of several fitting variations take the first: both sides must find the same ones, in the same order."""
        responses = isinstance(items, list) and items and isinstance(items[0], dict)
        return items[0] if responses else chance(items, *args, **options)

    numpy.random.choice = first
    # The store in memory forgets the sessions before the last one, and with them what is compared.
    store = SQLTrackerStore(dialect="sqlite", db="parity.db")
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    return Agent.load(model, action_endpoint=EndpointConfig(url) if url else None, tracker_store=store)


async def _converse(agent, talk):
    OFFSET[0] = 0.0
    sender, seen, turns = talk["sender"], 0, []
    for turn in talk["turns"]:
        if "wait" in turn:
            OFFSET[0] += 60.0 * turn["wait"]
            continue
        replies, error = [], None
        try:
            replies = await _say(agent, sender, turn)
        except Exception as caught:
            error = f"{type(caught).__name__}: {caught}"
        tracker = await agent.tracker_store.retrieve_full_tracker(sender)
        latest = await agent.tracker_store.retrieve(sender)
        events = [event.as_dict() for event in tracker.events] if tracker else []
        turns.append(
            {
                "events": events[seen:],
                "state": _state(latest),
                "replies": replies,
                "error": error,
            }
        )
        seen = len(events)
    return turns


async def _say(agent, sender, turn):
    from rasa.core.channels.channel import CollectingOutputChannel, UserMessage

    name = turn.get("channel", "cmdline")

    class Channel(CollectingOutputChannel):
        @classmethod
        def name(cls):
            return name

    out = Channel()
    if "trigger" in turn:
        tracker = await agent.processor.fetch_tracker_and_update_session(sender, output_channel=out)
        await agent.trigger_intent(turn["trigger"], turn.get("entities") or {}, out, tracker)
        return out.messages
    message = UserMessage(
        turn["user"],
        out,
        sender,
        input_channel=name,
        metadata=turn.get("metadata"),
        parse_data=turn.get("parse"),
    )
    await agent.handle_message(message)
    return out.messages


def _state(tracker):
    if tracker is None:
        return None
    found = tracker.current_state()
    return {
        key: found.get(key)
        for key in ("slots", "active_loop", "latest_action_name", "paused", "followup_action")
    }


if __name__ == "__main__":
    main()
