// Small comforts. Every page is complete without this file.
"use strict";

(() => {
  const byId = (id) => document.getElementById(id);

  // What is wrong, or what happened, is read first.
  const first = byId("error-summary") || document.querySelector(".notice[autofocus]");
  if (first) first.focus();

  // A link of the summary leads into the field, and not only to it.
  document.querySelectorAll("#error-summary a").forEach((link) => {
    link.addEventListener("click", (event) => {
      const field = byId(link.hash.slice(1));
      if (!field) return;
      event.preventDefault();
      field.focus();
      field.scrollIntoView({ block: "center" });
    });
  });

  // After "see more", the first of the new times is read.
  if (/^#time-\d+$/.test(location.hash)) {
    const time = byId(location.hash.slice(1));
    if (time) time.focus();
  }

  // The chosen service says what it is; the others step aside.
  const service = byId("service");
  const about = byId("about");
  const all = byId("about-all");
  if (service && about && all) {
    const tell = () => {
      const found = Array.from(all.querySelectorAll("[data-service]")).find(
        (each) => each.dataset.service === service.value,
      );
      about.replaceChildren();
      if (found) {
        // The list may show only the beginning of a long name.
        const name = document.createElement("p");
        name.className = "about-name";
        name.textContent = found.querySelector("dt").textContent;
        about.append(name);
        found.querySelectorAll("dd > *").forEach((part) => about.append(part.cloneNode(true)));
      }
      about.hidden = !found;
      all.open = !found;
    };
    service.addEventListener("change", tell);
    tell();
  }

  // The other language keeps what was typed: it goes along, judged by nobody.
  const language = byId("switch-language");
  const form = byId("main-form");
  if (language && form) {
    language.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = "lang";
      field.value = language.hreflang;
      form.append(field);
      form.submit();
    });
  }

  // A browser fills in its owner, who may be booking for somebody else.
  const whom = Array.from(document.querySelectorAll('input[name="acting_for"]'));
  const fills = Array.from(document.querySelectorAll('[autocomplete$="-name"], [autocomplete^="bday"]'));
  const own = fills.map((each) => each.getAttribute("autocomplete"));
  const fill = () => {
    const self = whom.some((each) => each.checked && each.value === "self");
    fills.forEach((each, place) => each.setAttribute("autocomplete", self ? own[place] : "off"));
  };
  whom.forEach((each) => each.addEventListener("change", fill));
  if (whom.length) fill();

  // Pressed twice, it would count as two attempts.
  document.querySelectorAll("form[data-once]").forEach((once) => {
    let sent = false;
    once.addEventListener("submit", (event) => {
      if (sent) event.preventDefault();
      sent = true;
    });
    window.addEventListener("pageshow", () => {
      sent = false;
    });
  });

  // Printing.
  const print = byId("print");
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }

  // The five minutes: drawn each second, said aloud only at a few of them.
  const hold = byId("hold");
  const clock = byId("clock");
  if (hold && clock) {
    const began = Date.now();
    const given = Number(hold.dataset.seconds);
    const words = Array.from(document.querySelectorAll("#hold-words [data-at]"));
    let said = given;
    let timer = 0;
    const say = (text) => {
      byId("hold-said").textContent = text;
    };
    const tick = () => {
      const left = Math.max(0, given - Math.floor((Date.now() - began) / 1000));
      clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      const due = words.filter((each) => left <= Number(each.dataset.at) && said > Number(each.dataset.at));
      if (due.length && left > 0) say(due[due.length - 1].textContent);
      if (left === 0) {
        window.clearInterval(timer);
        hold.classList.add("over");
        byId("hold-live").hidden = true;
        byId("hold-over").hidden = false;
        if (said > 0) say(byId("hold-over").textContent);
      }
      said = left;
    };
    if (given > 0) {
      clock.hidden = false;
      byId("hold-left").hidden = true;
      timer = window.setInterval(tick, 1000);
      tick();
    }
  }
})();
