-- Invitations that are long over are forgotten: they hold an e-mail.
GRANT DELETE ON invitation TO tidemark_app;
