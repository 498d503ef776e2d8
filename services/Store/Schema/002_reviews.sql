-- The product team's reviews of new titles. A row without requested_at is not a review: it remembers that the title was
-- withdrawn before its review was requested, so that it is not begun when it is.
CREATE TABLE review (
    title_id     uuid        PRIMARY KEY,
    version      bigint      NOT NULL,
    status       text        NOT NULL CHECK (status IN ('Pending', 'Approved', 'Rejected', 'Withdrawn')),
    is_final     boolean     NOT NULL,
    publisher_id text        NOT NULL,
    title        text        NOT NULL,
    author       text        NOT NULL,
    requested_at timestamptz
);

CREATE INDEX review_by_status ON review (status, title_id DESC) WHERE requested_at IS NOT NULL;
