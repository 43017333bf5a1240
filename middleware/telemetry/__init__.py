"""Traces for OpenTelemetry, and failures for Sentry, where their libraries are installed."""
