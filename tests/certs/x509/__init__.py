"""Tests of reading certificates; `files` were made with OpenSSL 3.0 and the keytool of a JDK 17."""
