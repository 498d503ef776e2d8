-- Sessions whose refresh token has run out, to be deleted.
CREATE INDEX session_over ON session (expires_at);
