-- Payments that were never made, to be deleted when they are old.
CREATE INDEX payment_declined ON payment (updated_at) WHERE status = 'Declined' AND due_at IS NULL;
