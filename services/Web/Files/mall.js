// What pages gain where scripts run: they work without. Each is set up again after an enhanced navigation, which keeps the document.
(() => {
    'use strict';
    const said = () => document.getElementById('said');
    const sources = ['mypage', 'notifications'];
    let events = null;
    let heard = null;
    let asked = 0;
    let due = null;
    // What came while the next page was on its way is newer than that page.
    let newer = null;
    // Milliseconds until it is tried again, and that a page may take.
    const shortest = 5000;
    const longest = 60000;
    const longestLook = 20000;
    let pause = shortest;
    let lookPause = shortest;

    // Many changes at once are one look.
    const lookIn = milliseconds => {
        clearTimeout(due);
        due = setTimeout(look, milliseconds);
    };

    // Looks at this page again and takes over what is live in it.
    const look = async () => {
        // Who looks at another window comes back to a stream that is opened again.
        if (document.visibilityState !== 'visible' || !document.querySelector('[data-live]'))
            return;
        const mine = ++asked;
        const address = location.href;
        const response = await fetch(address, { headers: { accept: 'text/html' }, credentials: 'same-origin', signal: AbortSignal.timeout(longestLook) }).catch(() => null);
        const page = response?.ok ? await response.text().catch(() => null) : null;
        if (mine !== asked || address !== location.href)
            return;
        if (page === null) {
            // What there is to see is not missed because the mall could not answer at this moment. A page that is not theirs any more stays so.
            if (!response || response.ok || response.status === 429 || response.status >= 500) {
                lookIn(lookPause * (1 + Math.random()));
                lookPause = Math.min(2 * lookPause, longest);
            }
            return;
        }
        lookPause = shortest;
        const fresh = new DOMParser().parseFromString(page, 'text/html');
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

    const count = unread => {
        const there = document.getElementById('unread');
        if (!there)
            return;
        there.querySelector('b').textContent = unread;
        there.hidden = unread === 0;
    };

    // Who looks at another window misses nothing: browsers have few connections for all of them, and what is looked at again is live again.
    const listen = () => {
        const person = document.visibilityState === 'visible' ? said()?.dataset.person : null;
        const wanted = sources.filter(source => source === 'notifications' || document.querySelector(`[data-live=${source}]`));
        const now = person ? `${person} ${wanted}` : null;
        if (events !== null && now !== heard) {
            events.close();
            events = newer = null;
        }
        if (events === null && now !== null) {
            heard = now;
            events = new EventSource('/my/events?of=' + wanted.join('&of='));
            // Something has changed there, or may have before it was connected.
            for (const source of wanted) {
                events.addEventListener(source, event => {
                    const unread = source === 'notifications' && event.data ? JSON.parse(event.data).unread : null;
                    if (unread !== null) {
                        count(unread);
                        newer = document.documentElement.classList.contains('busy') ? unread : null;
                    }
                    if (document.querySelector(`[data-live=${source}]`))
                        lookIn(50);
                });
            }
            events.addEventListener('open', () => pause = shortest);
            // Where it was cut off the browser connects again by itself, but not where it was refused.
            events.addEventListener('error', () => {
                if (events?.readyState !== EventSource.CLOSED)
                    return;
                events = null;
                setTimeout(listen, pause * (1 + Math.random()));
                pause = Math.min(2 * pause, longest);
            });
        }
    };

    const ready = () => {
        document.documentElement.classList.remove('busy');
        if (newer !== null)
            count(newer);
        newer = null;
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
    document.addEventListener('visibilitychange', listen);
    addEventListener('pagehide', () => { events?.close(); events = null; });
    globalThis.Blazor?.addEventListener('enhancedload', ready);
    ready();
})();
