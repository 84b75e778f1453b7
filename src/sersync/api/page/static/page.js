// Keeps the page current: an event says that something changed, then what changed is fetched as
// HTML and put in place, piece by piece, so that what is open, focused or selected stays so.
"use strict";

(() => {
  const main = document.getElementById("live");
  const link = document.getElementById("link");
  const told = document.getElementById("told");
  const PLOTS_EVERY_MS = 15000; // Plots are most of the page, and move slowly.
  const ANNOUNCED_AFTER_MS = 500; // What lasts no longer is not worth a word.
  let plotsAt = Date.now() + PLOTS_EVERY_MS;
  let isBusy = false;
  let isStale = false;

  const keyed = (root) =>
    new Map([...root.querySelectorAll("[data-key]")].map((each) => [each.dataset.key, each]));

  const isHeld = (element) => {
    const selection = document.getSelection();
    return selection && !selection.isCollapsed && element.contains(selection.anchorNode);
  };

  // Puts `fresh` in place of `old`, but keeps what is the same.
  const settle = (old, fresh) => {
    if (old.isEqualNode(fresh)) return;
    // What came of a click stands until the next one.
    if (old.nodeType === Node.ELEMENT_NODE && old.classList.contains("said")) return;
    const sameShape =
      old.childNodes.length === fresh.childNodes.length &&
      [...old.childNodes].every((child, at) => child.nodeName === fresh.childNodes[at].nodeName);
    const isText = old.nodeType === Node.TEXT_NODE;
    if (isText) {
      if (old.data !== fresh.data) old.data = fresh.data;
      return;
    }
    if (old.nodeType !== Node.ELEMENT_NODE || fresh.dataset.plots === "later") return;
    for (const { name, value } of [...fresh.attributes]) {
      if (old.getAttribute(name) !== value && name !== "open" && name !== "hidden") old.setAttribute(name, value);
    }
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && name !== "open" && name !== "hidden") old.removeAttribute(name);
    }
    if (sameShape && !(old instanceof SVGElement)) {
      [...old.childNodes].forEach((child, at) => settle(child, fresh.childNodes[at]));
      return;
    }
    if (isHeld(old)) return;
    const inside = keyed(old);
    const children = [...fresh.childNodes].map((child) => {
      const known = child.dataset && inside.get(child.dataset.key);
      if (!known) return child;
      settle(known, child);
      return known;
    });
    arrange(old, children);
  };

  // Makes `children` those of `parent`, and moves none that stays: a node that is moved loses the
  // focus.
  const arrange = (parent, children) => {
    const staying = new Set(children);
    for (const child of [...parent.childNodes]) if (!staying.has(child)) child.remove();
    let at = parent.firstChild;
    for (const child of children) {
      if (child === at) at = at.nextSibling;
      else parent.insertBefore(child, at);
    }
  };

  const refresh = async () => {
    if (isBusy) {
      isStale = true;
      return;
    }
    isBusy = true;
    try {
      const isPlotted = Date.now() >= plotsAt;
      const answer = await fetch(isPlotted ? "/live?plots=1" : "/live", { headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = document.createElement("div");
      fresh.innerHTML = await answer.text();
      fresh.id = "live";
      fresh.tabIndex = -1;
      adorn(fresh);
      settle(main, fresh);
      if (isPlotted) plotsAt = Date.now() + PLOTS_EVERY_MS;
      document.title = `${[...main.querySelector("h1").children].map((each) => each.textContent).join(" ")} · sersync`;
      announce();
    } catch (error) {
      say(link, "No answer from the daemon; what stands here is old.");
    } finally {
      isBusy = false;
      if (isStale) {
        isStale = false;
        refresh();
      }
    }
  };

  // Says something only where it is new: what is said again is read aloud again.
  const say = (place, words) => {
    if (place.textContent !== words) place.textContent = words;
  };

  // Reads aloud that trouble came, is another, or is over. That changes are on their way, and are
  // there, happens all the time: nobody wants to hear that.
  const trouble = () => {
    const headline = main.querySelector(".headline");
    return headline.matches(".bad, .warn") ? headline.querySelector("h1 > :last-child").textContent : "";
  };
  let known = trouble();
  let soon = 0;
  const announce = () => {
    soon ||= setTimeout(() => {
      soon = 0;
      const now = trouble();
      if (now === known) return;
      known = now;
      say(told, now || main.querySelector("h1 > :last-child").textContent);
    }, ANNOUNCED_AFTER_MS);
  };

  // Buttons that only make sense with a script.
  const adorn = (root) => {
    for (const each of root.querySelectorAll(".command")) {
      if (each.querySelector("button")) continue;
      const copy = document.createElement("button");
      copy.type = "button";
      copy.textContent = "Copy";
      copy.dataset.copy = "";
      each.append(copy);
    }
    for (const each of root.querySelectorAll(".actions")) each.hidden = !token();
  };

  const token = () => sessionStorage.getItem("sersync-token") || "";

  const act = async (button) => {
    const place = button.closest(".actions");
    const said = place.querySelector(".said");
    const verb = button.dataset.verb;
    const { source, target } = place.dataset;
    if (verb === "resync" && !confirm(`Compare everything with ${target} again?`)) return;
    said.textContent = "…";
    let words = "";
    try {
      const answer = await fetch(`/v1/${verb}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${token()}` },
        body: JSON.stringify({ source, target }),
      });
      const document_ = await answer.json();
      if (answer.status === 401) lock("This token is not the right one.");
      const deed = (document_.targets || []).find((each) => each.target === target);
      const reason = deed && deed.reason ? `: ${deed.reason.message}. ${deed.reason.remedy}` : "";
      words = deed ? deed.did + reason : document_.error || String(answer.status);
    } catch (error) {
      words = "No answer from the daemon.";
    }
    said.textContent = words;
    refresh();
  };

  const form = document.getElementById("token-form");
  const said = document.getElementById("token-said");
  const lock = (words) => {
    sessionStorage.removeItem("sersync-token");
    said.textContent = words;
    for (const each of document.querySelectorAll(".actions")) each.hidden = true;
  };
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = document.getElementById("token");
    sessionStorage.setItem("sersync-token", field.value);
    field.value = "";
    said.textContent = "Kept until this tab is closed.";
    for (const each of document.querySelectorAll(".actions")) each.hidden = !token();
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.verb) await act(button);
    if ("copy" in button.dataset) {
      const text = button.parentElement.querySelector("code").textContent;
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
      } catch (error) {
        const range = document.createRange();
        range.selectNodeContents(button.parentElement.querySelector("code"));
        document.getSelection().removeAllRanges();
        document.getSelection().addRange(range);
      }
    }
  });

  adorn(document);
  const news = new EventSource("/v1/events");
  news.addEventListener("status", () => {
    say(link, "");
    refresh();
  });
  news.addEventListener("error", () => {
    say(link, "The connection to the daemon is lost; what stands here is old.");
  });
})();
