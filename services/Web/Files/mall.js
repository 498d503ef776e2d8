// What pages gain where scripts run: they work without. Each is set up again after an enhanced navigation, which keeps the document.
(() => {
    'use strict';
    const said = () => document.getElementById('said');
    let events = null;
    let asked = 0;
    // Milliseconds until it is tried again.
    const shortest = 5000;
    const longest = 60000;
    let pause = shortest;

    // Looks at this page again and takes over what is live in it.
    const look = async () => {
        const mine = ++asked;
        const address = location.href;
        const response = await fetch(address, { headers: { accept: 'text/html' }, credentials: 'same-origin' });
        if (!response.ok || mine !== asked || address !== location.href)
            return;
        const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
        const words = [];
        for (const old of document.querySelectorAll('[data-live]')) {
            const now = fresh.getElementById(old.id);
            // Nobody loses what they are about to write or press.
            if (!now || old.innerHTML === now.innerHTML || (old.contains(document.activeElement) && document.activeElement.matches('input, textarea, select')))
                continue;
            for (const part of [now, ...now.querySelectorAll('[data-said]')]) {
                const before = part === now ? old : old.querySelector('#' + CSS.escape(part.id));
                if (part.dataset.said && part.dataset.said !== before?.dataset.said)
                    words.push(part.dataset.said);
            }
            const focused = old.contains(document.activeElement) ? document.activeElement.closest('[id]')?.id : null;
            old.replaceWith(document.adoptNode(now));
            if (focused)
                document.getElementById(focused)?.querySelector('a, button')?.focus();
        }
        if (words.length > 0 && said())
            said().textContent = words.join('. ');
    };

    const listen = () => {
        const isLive = document.querySelector('[data-live]') !== null;
        if (isLive && events === null) {
            events = new EventSource('/my/events');
            events.addEventListener('order', look);
            events.addEventListener('title', look);
            // What happened since the page was made, or while the stream was cut off.
            events.addEventListener('open', () => { pause = shortest; look(); });
            // Where it was cut off the browser connects again by itself, but not where it was refused.
            events.addEventListener('error', () => {
                if (events?.readyState !== EventSource.CLOSED)
                    return;
                events = null;
                setTimeout(listen, pause * (1 + Math.random()));
                pause = Math.min(2 * pause, longest);
            });
        } else if (!isLive && events !== null) {
            events.close();
            events = null;
        }
    };

    const ready = () => {
        document.documentElement.classList.remove('busy');
        listen();
        const problem = document.getElementById('problem') ?? document.querySelector('[aria-invalid=true]');
        problem?.focus();
    };

    document.addEventListener('submit', event => {
        const form = event.target;
        if (form.dataset.confirm && !confirm(form.dataset.confirm)) {
            event.preventDefault();
            return;
        }
        // A second click on the way is the same click. The mall would know by the key; this spares it the question.
        if (form.dataset.sent) {
            event.preventDefault();
            return;
        }
        if (form.method === 'post')
            form.dataset.sent = 'yes';
        document.documentElement.classList.add('busy');
    });
    document.addEventListener('click', event => {
        const link = event.target.closest?.('a[href]');
        if (link && link.origin === location.origin && !link.hash && !event.ctrlKey && !event.metaKey && !event.shiftKey)
            document.documentElement.classList.add('busy');
    });
    // Back to a page that was kept as it was left.
    addEventListener('pageshow', event => {
        if (event.persisted) {
            document.querySelectorAll('form[data-sent]').forEach(form => delete form.dataset.sent);
            ready();
        }
    });
    addEventListener('pagehide', () => { events?.close(); events = null; });
    globalThis.Blazor?.addEventListener('enhancedload', ready);
    ready();
})();
