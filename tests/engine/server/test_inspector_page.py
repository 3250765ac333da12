"""The inspector in a real browser: talk, look at a turn, correct it, save, and find it in the files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import PATIENCE, frontdesk
from tests.engine.server.conftest import Inspector

SIZES = {"desktop": {"width": 1400, "height": 900}, "phone": {"width": 390, "height": 844}}
Open = Callable[..., Any]


@pytest.fixture
def open_page(browser: Any) -> Iterator[Open]:
    contexts: list[Any] = []
    errors: list[str] = []

    def opened(link: str, size: str = "desktop") -> Any:
        contexts.append(browser.new_context(viewport=SIZES[size]))
        contexts[-1].set_default_timeout(1000 * PATIENCE)
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if "Content Security" in said.text else None)
        page.on("dialog", lambda dialog: errors.append(f"dialog: {dialog.message}"))
        page.goto(link)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


def say(page: Any, *texts: str) -> None:
    for text in texts:
        heard = page.locator(".entry.message").count()
        page.fill("#entry", text)
        page.keyboard.press("Enter")
        page.locator(".entry.message").nth(heard).wait_for()
        page.locator("#send:enabled").wait_for()
        page.get_by_role("heading", name=f"Message {heard + 1}", exact=True).wait_for()


def start(page: Any, *texts: str) -> None:
    page.get_by_role("button", name="New conversation").click()
    page.locator("#composer").wait_for()
    say(page, *texts)


def unfold(page: Any) -> None:
    page.evaluate("for (const fold of document.querySelectorAll('.turn details')) fold.open = true")


def heard(page: Any) -> list[str]:
    return [text.strip() for text in page.locator(".entry .bubble.user").all_inner_texts()]


def answers(page: Any) -> list[str]:
    return [text.strip() for text in page.locator("#turns .bubble.bot").all_inner_texts()]


def test_talk_correct_and_save(own_inspector: Callable[..., Inspector], open_page: Open) -> None:
    opened = own_inspector("--inspector")
    page = open_page(opened.link)
    start(page, "hello", "who am I talking to?")
    assert "key" not in page.url, "the key is taken out of the address"
    panel = page.locator(".turn")
    assert "bot_challenge" in panel.locator(".ranking .first").inner_text()
    assert "Never pretend to be a person" in panel.locator(".matched").first.inner_text()
    assert "data/rules.yml:14" in panel.locator(".matched").first.inner_text()
    panel.locator(".passage").first.locator("summary").click()
    assert "- intent: bot_challenge" in panel.locator(".passage pre").first.inner_text()

    # another intent
    say(page, "rather not today")
    panel.get_by_role("button", name="Correct this").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Another intent").fill("deny")
    dialog.get_by_role("button", name="Go on from here").click()
    dialog.wait_for(state="hidden")
    page.locator(".chip.fixed").first.wait_for()
    assert panel.locator(".ranking .first").inner_text().split() == ["deny", "100", "%"]

    # the sentence, as an example of it
    panel.get_by_role("button", name="Save as example").click()
    assert dialog.get_by_label("The sentence").input_value() == "rather not today"
    dialog.get_by_role("button", name="Show what is written").click()
    dialog.locator(".diff .added").wait_for()
    assert "data/nlu.yml" in dialog.inner_text()
    file = opened.folder / "data" / "nlu.yml"
    before = file.read_text()
    dialog.get_by_role("button", name="Write to the file").click()
    page.get_by_text("Written to data/nlu.yml").wait_for()
    line = "    - that's wrong\n"
    assert file.read_text() == before.replace(line, f"{line}    - rather not today\n")

    # another action, and all of it as a story
    panel.get_by_role("button", name="Another action").first.click()
    dialog.get_by_label("Action").select_option("utter_goodbye")
    dialog.get_by_role("button", name="Do this instead").click()
    dialog.wait_for(state="hidden")
    page.get_by_text("your choice").wait_for()
    assert answers(page)[-1] == "Goodbye!"
    page.locator("#save-whole").click()
    dialog.get_by_label("Name of the story").fill("taught in the browser")
    dialog.get_by_role("button", name="Show what is written").click()
    dialog.locator(".diff .added").first.wait_for()
    dialog.get_by_role("button", name="Write to the file").click()
    page.get_by_text("Written to data/stories.yml").wait_for()
    written = (opened.folder / "data" / "stories.yml").read_text()
    assert written.rstrip().endswith(
        "- story: taught in the browser\n  steps:\n  - intent: greet\n  - action: utter_greet\n"
        "  - intent: bot_challenge\n  - action: utter_iamabot\n  - intent: deny\n  - action: utter_goodbye"
    )
    checked = frontdesk("data", "validate", cwd=opened.folder)
    assert checked.returncode == 0, checked.stdout


def test_entities_by_words(inspector: Inspector, open_page: Open) -> None:
    page = open_page(inspector.link)
    start(page, "can you take a message", "write to ann at example dot com please")
    page.get_by_role("button", name="Correct this").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="ann", exact=True).click()
    dialog.get_by_role("button", name="com", exact=True).click()
    dialog.get_by_label("What it is").fill("email")
    dialog.get_by_label("Meaning").fill("ann@example.com")
    dialog.get_by_role("button", name="Add", exact=True).click()
    written = dialog.get_by_label("Or edit the sentence")
    wanted = 'write to [ann at example dot com]{"entity": "email", "value": "ann@example.com"} please'
    page.wait_for_function("wanted => document.querySelector('dialog textarea').value === wanted", arg=wanted)
    # the sentence itself may be edited, but its words must stay
    written.fill("something else")
    written.blur()
    dialog.get_by_text("The words must stay as they are").wait_for()
    written.fill(wanted)
    written.blur()
    dialog.get_by_text("The words must stay as they are").wait_for(state="detached")
    dialog.get_by_label("Another intent").fill("leave_message")
    dialog.get_by_role("button", name="Go on from here").click()
    dialog.wait_for(state="hidden")
    assert answers(page)[-1] == "What would you like to tell the team?"
    row = page.get_by_role("row", name="email “ann@example.com”")
    assert "ann@example.com" in row.inner_text()


def test_a_conversation_that_is_begun_before_the_list_is_there(inspector: Inspector, open_page: Open) -> None:
    page = open_page(inspector.link)
    page.locator("#new").wait_for()
    held: list[Any] = []
    page.route("**/inspector/api/conversation*", lambda route: held.append(route))
    page.reload()
    with page.expect_request("**/inspector/api/conversation?*"):
        page.get_by_role("button", name="New conversation").click()
    late = [route for route in held if "/conversations" in route.request.url]
    assert late
    with page.expect_response("**/inspector/api/conversations*"):
        for route in late:
            route.continue_()
    page.evaluate("() => new Promise(done => setTimeout(done, 100))")  # what follows that answer
    for route in held:
        if route not in late:
            route.continue_()
    page.locator("#composer").wait_for()


def test_undo_and_fork(inspector: Inspector, open_page: Open) -> None:
    page = open_page(inspector.link)
    start(page, "hello", "are you a bot?", "bye")
    page.locator(".entry.message .open").nth(1).click()
    page.get_by_role("button", name="Undo to here").click()
    page.locator(".entry.message").nth(2).wait_for(state="detached")
    assert heard(page) == ["hello", "are you a bot?"]
    first = page.locator("#talk-about").inner_text()
    page.locator(".entry.message .open").nth(0).click()
    page.get_by_role("button", name="Fork from here").click()
    page.get_by_text("This is the copy").wait_for()
    assert heard(page) == ["hello"]
    assert page.locator("#talk-about").inner_text() != first


def test_a_customers_conversation_is_corrected_in_a_copy(inspector: Inspector, open_page: Open) -> None:
    inspector.says("customer-browser", "hello", "are you a bot?")
    page = open_page(inspector.link)
    page.locator(".row", has_text="customer-browser").click()
    page.locator(".entry.message").nth(1).wait_for()
    assert page.locator("#composer").is_hidden()
    page.get_by_role("button", name="Correct this").click()
    dialog = page.get_by_role("dialog")
    assert "makes a copy" in dialog.inner_text()
    dialog.get_by_label("Another intent").fill("goodbye")
    dialog.get_by_role("button", name="Go on in a copy").click()
    dialog.wait_for(state="hidden")
    page.locator("#composer").wait_for()
    assert answers(page)[-1] == "Goodbye!"
    original = inspector.get("conversation", id="customer-browser")
    assert original["turns"][-1]["intent"] == "bot_challenge"


@pytest.mark.parametrize("size", SIZES)
def test_it_fits(inspector: Inspector, open_page: Open, size: str) -> None:
    inspector.says(f"fits-{size}", "hello", "a" * 300, "can you take a message", "ann@example.com")
    page = open_page(f"{inspector.link}&id=fits-{size}", size)
    page.locator(".entry.message").nth(3).wait_for()
    phone = size == "phone"
    if phone:
        assert page.locator("#turn").is_hidden()
    for number in range(4):
        page.locator(".entry.message .open").nth(number).click()
        page.locator(".turn .decision").first.wait_for()
        unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
        wide = (
            "[...document.querySelectorAll('.turn, .talk, .list')].every(e => e.scrollWidth <= e.clientWidth)"
        )
        assert page.evaluate(wide), "no column scrolls sideways"
        if phone:
            page.get_by_role("button", name="Back to the conversation", exact=True).click()
            page.locator("#talk").wait_for()


def test_by_keyboard_and_for_screen_readers(inspector: Inspector, open_page: Open) -> None:
    page = open_page(inspector.link)
    start(page, "hello")
    page.locator(".entry.message .open").focus()
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.dataset.turn") == "1", "the focus stays on the turn"
    page.get_by_role("button", name="Correct this").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="What should it have understood?")
    dialog.wait_for()
    assert page.evaluate("document.activeElement.name") == "intent"
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.textContent") == "Correct this"
    assert page.get_by_role("status").count() == 1
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_role("navigation", name="Conversations").count() == 1


class Late:
    """Holds the server's answers about turns back, until it is told to let them go."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.routes: list[Any] = []
        page.route("**/inspector/api/turn?*", lambda route: self.routes.append(route))

    def wait(self) -> None:
        """Wait until the page has asked for a turn."""
        deadline = time.monotonic() + PATIENCE
        while not self.routes:
            assert time.monotonic() < deadline, "the page has not asked for the turn"
            self.page.wait_for_timeout(20)

    def arrive(self) -> None:
        """Let the answers go, and wait until the page has drawn them."""
        self.page.evaluate(
            "() => { window.drawn = false;"
            "new MutationObserver(() => { window.drawn = true }).observe(document.querySelector('#turn'),"
            "{ subtree: true, childList: true, attributes: true, characterData: true }) }"
        )
        self.wait()
        while self.routes:
            self.routes.pop().continue_()
        self.page.wait_for_function("() => window.drawn")


def focused(page: Any) -> str:
    """Return what the control that has the focus says."""
    text: str = page.evaluate("document.activeElement.textContent")
    return text


@pytest.mark.parametrize("answer", ["while the dialog is open", "after it was closed"])
def test_a_turn_that_is_drawn_anew_keeps_the_focus(
    inspector: Inspector, open_page: Open, answer: str
) -> None:
    page = open_page(inspector.link)
    start(page, "hello")
    late = Late(page)
    page.locator(".entry.message .open").click()
    late.wait()
    page.get_by_role("button", name="Correct this").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Another intent").fill("half of a na")
    if answer == "while the dialog is open":
        late.arrive()
        assert dialog.get_by_label("Another intent").input_value() == "half of a na"
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    if answer == "after it was closed":
        late.arrive()
    page.wait_for_function("() => document.activeElement.textContent === 'Correct this'")


def test_a_turn_that_is_drawn_anew_stays_as_it_was_scrolled_and_unfolded(
    inspector: Inspector, open_page: Open
) -> None:
    page = open_page(inspector.link)
    start(page, "hello", "who am I talking to?")
    unfold(page)
    page.locator("#turn").evaluate("turn => { turn.scrollTop = 150 }")
    folds = page.locator(".turn details").count()
    late = Late(page)
    page.get_by_role("button", name="Refresh").click()
    late.arrive()
    assert page.locator(".turn details[open]").count() == folds
    assert page.locator("#turn").evaluate("turn => turn.scrollTop") == 150
    # another turn begins folded, at its top
    page.locator(".entry.message .open").first.click()
    late.arrive()
    assert "Message 1" in page.locator(".turn-head").inner_text()
    assert page.locator(".turn details[open]").count() == 0
    assert page.locator("#turn").evaluate("turn => turn.scrollTop") == 0


def test_the_list_keeps_the_focus_on_its_conversation(inspector: Inspector, open_page: Open) -> None:
    inspector.says("list-one", "hello")
    inspector.says("list-two", "hello")
    page = open_page(inspector.link)
    row = page.locator(".row", has_text="list-one")
    row.focus()
    inspector.says("list-three", "hello")
    page.locator("#refresh").evaluate("button => button.click()")
    page.locator(".row", has_text="list-three").wait_for()
    assert page.evaluate("document.activeElement.querySelector('.row-id')?.textContent") == "list-one"
    names = [text.strip() for text in page.locator(".row .row-id").all_inner_texts()]
    assert names[:3] == ["list-three", "list-two", "list-one"]


def test_a_correction_is_about_the_turn_that_is_shown(inspector: Inspector, open_page: Open) -> None:
    page = open_page(inspector.link)
    start(page, "hello", "rather not today")
    late = Late(page)
    page.locator(".entry.message .open").first.click()
    late.wait()
    page.get_by_role("button", name="Correct this").click()
    dialog = page.get_by_role("dialog")
    assert "rather not today" in dialog.inner_text()
    dialog.get_by_label("Another intent").fill("goodbye")
    page.unroute("**/inspector/api/turn?*")
    dialog.get_by_role("button", name="Go on from here").click()
    dialog.wait_for(state="hidden")
    assert heard(page) == ["hello", "rather not today"]
    page.locator(".entry.message").nth(1).locator(".chip.fixed").wait_for()
    assert page.locator(".entry.message").nth(0).locator(".chip.fixed").count() == 0


def test_a_dialog_can_be_gone_through_by_keyboard(inspector: Inspector, open_page: Open) -> None:
    page = open_page(inspector.link)
    start(page, "write to ann at example dot com please")
    page.get_by_role("button", name="Correct this").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="ann", exact=True).focus()
    page.keyboard.press("Enter")
    assert focused(page) == "ann"
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
    # an error keeps the focus where it was asked for
    dialog.get_by_label("Another intent").fill(" ")
    dialog.get_by_role("button", name="Go on from here").focus()
    page.keyboard.press("Enter")
    dialog.get_by_role("alert").get_by_text("Choose what the user wants").wait_for()
    page.wait_for_function("() => document.activeElement.textContent === 'Go on from here'")


def test_what_customers_write_is_never_html(inspector: Inspector, open_page: Open) -> None:
    attack = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    inspector.says("attacker", attack)
    page = open_page(f"{inspector.link}&id=attacker")
    page.locator(".entry.message").wait_for()
    page.locator(".turn .decision").first.wait_for()
    assert heard(page) == [attack]
    unfold(page)
    assert page.locator("main img, main script").count() == 0


def test_without_the_key_it_asks_for_it(inspector: Inspector, open_page: Open) -> None:
    page = open_page(f"{inspector.server.url}/inspector")
    dialog = page.get_by_role("dialog", name="Who is there?")
    dialog.wait_for()
    dialog.get_by_label("Key").fill("wrong")
    dialog.get_by_role("button", name="Open").click()
    dialog.get_by_role("alert").get_by_text("Open the link").wait_for()
    dialog.get_by_label("Key").fill(inspector.key)
    dialog.get_by_role("button", name="Open").click()
    dialog.wait_for(state="hidden")
    page.locator("#model").get_by_text("model").wait_for()
    page.reload()
    page.locator("#model").get_by_text("model").wait_for()
    assert dialog.is_hidden(), "the key is kept for this tab"
