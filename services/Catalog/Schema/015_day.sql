-- By offer_on_day. Alone: it waits for whoever reads, and nobody is to wait behind it for longer.
DROP INDEX offer_day;
