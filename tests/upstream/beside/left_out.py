"""Which of Dramatiq's tests fail with ``LifoBroker``, and why that is meant so."""

from __future__ import annotations

_STUB = "looks into StubBroker: its lists of messages, or that join() raises what an actor raised"
_DO = "calls RedisBroker's do_… commands"
_KEYS = "looks into the keys and options of RedisBroker"
_PREFETCH = "counts what a worker has read ahead: here it reads nothing ahead"
_RESULTS = "wants a broker without Results: here results are kept on jobs in any case"
_FIRST = "counts middleware from the first on: here two of the broker's own stand before"
_ANY_QUEUE = (
    "wants StubBroker to refuse a queue that nobody declares: here it may be another program's, as in RedisBroker"
)
_ADDRESS = "connects to port 6379, where no server of these tests is"

_STUB_FILE = "test_stub_broker.py"

LEFT_OUT: dict[str, str] = {
    "test_actors.py::test_actors_can_be_sent_messages": _STUB,
    "test_actors.py::test_actors_can_be_assigned_time_limits": _STUB,
    "test_actors.py::test_actor_messages_can_be_assigned_time_limits": _STUB,
    "test_actors.py::test_actors_can_be_assigned_message_age_limits": _STUB,
    "test_actors.py::test_actor_messages_can_be_assigned_message_age_limits": _STUB,
    "test_actors.py::test_messages_belonging_to_missing_actors_are_rejected": _STUB,
    "test_actors.py::test_workers_log_rate_limit_exceeded_errors_differently": _STUB,
    "test_actors.py::test_worker_handles_non_numeric_eta_and_logs_warning": _STUB,
    "test_actors.py::test_worker_handles_none_eta": _STUB,
    "test_actors.py::test_actors_can_prioritize_work": "gives actors priorities: here the newest job runs first",
    "test_broker.py::test_broker_middleware_can_be_added_before_other_middleware": _FIRST,
    "test_broker.py::test_broker_middleware_can_be_added_after_other_middleware": _FIRST,
    "test_redis.py::test_redis_unacked_messages_can_be_requeued": _DO,
    "test_redis.py::test_redis_messages_can_be_dead_lettered": _KEYS,
    "test_redis.py::test_redis_dead_lettered_messages_are_cleaned_up": _KEYS,
    "test_redis.py::test_redis_messages_belonging_to_missing_actors_are_rejected": _KEYS,
    "test_redis.py::test_redis_requeues_unhandled_messages_on_shutdown": _DO,
    "test_redis.py::test_redis_requeues_unhandled_delay_messages_on_shutdown": _KEYS,
    "test_redis.py::test_redis_broker_can_connect_via_url": _ADDRESS,
    "test_redis.py::test_redis_broker_can_connect_via_client": _ADDRESS,
    "test_redis.py::test_redis_consumer_ack_can_retry_on_connection_error": _DO,
    "test_redis.py::test_redis_consumer_nack_can_retry_on_connection_error": _DO,
    "test_redis.py::test_redis_consumer_nack_does_not_raise_on_missing_id": _KEYS,
    "test_results.py::test_messages_can_fail_to_get_results_if_there_is_no_backend": _RESULTS,
    "test_results.py::test_actor_warning_when_returns_result_and_no_results_middleware_present": _RESULTS,
    f"{_STUB_FILE}::test_stub_broker_raises_queue_error_when_enqueueing_messages_on_undeclared_queues": _ANY_QUEUE,
    "test_stub_broker.py::test_stub_broker_raises_queue_error_when_joining_on_undeclared_queues": _ANY_QUEUE,
    "test_stub_broker.py::test_stub_broker_can_be_flushed": _STUB,
    "test_stub_broker.py::test_stub_broker_join_reraises_actor_exceptions_in_the_joining_current_thread": _STUB,
    "test_stub_broker.py::test_stub_broker_flush_all_does_not_break_dead_letters": _STUB,
    "test_stub_broker.py::test_stub_broker_respects_prefetch": _PREFETCH,
    "test_worker.py::test_workers_process_messages_in_order": "wants the oldest job first",
}
"""They run, and must fail."""

NOT_RUN: dict[str, str] = {
    "test_redis.py::test_redis_join_race_condition": f"{_DO}, and then waits for ever",
}
