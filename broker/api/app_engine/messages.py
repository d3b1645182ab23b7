"""The messages of the App Engine API (App Engine specification, 1.3 and 2.3 to 2.9).

Names of messages are those of the methods they belong to, with Request or Response behind them. Enums are int32 here,
and messages that are of no use are bytes: on the wire it is the same.
"""

from broker.api.app_engine.schema import message_classes

_TABLE = """
Request
  2 required string service_name
  3 required string method
  4 required bytes request
  5 optional string request_id
Response
  1 optional bytes response
  3 optional ApplicationError application_error
  5 optional RpcError rpc_error
ApplicationError
  1 required int32 code
  2 required string detail
RpcError
  1 required int32 code
  2 optional string detail
GetHostnameRequest
  1 optional string module
  2 optional string version
  3 optional string instance
GetHostnameResponse
  1 required string hostname
Empty
RetryParameters
  1 optional int32 retry_limit
  2 optional int64 age_limit_sec
  3 optional double min_backoff_sec = 0.1
  4 optional double max_backoff_sec = 3600
  5 optional int32 max_doublings = 16
Acl
  1 repeated bytes user_email
  2 repeated bytes writer_email
AddRequest
  1 required bytes queue_name
  2 required bytes task_name
  3 required int64 eta_usec
  4 optional bytes url
  5 optional int32 method = 2
  6 repeated group Header
    7 required bytes key
    8 required bytes value
  9 optional bytes body
  10 optional bytes transaction
  11 optional bytes app_id
  12 optional group CronTimetable
    13 required bytes schedule
    14 required bytes timezone
  15 optional bytes description
  17 optional RetryParameters retry_parameters
  18 optional int32 mode = 0
  19 optional bytes tag
  21 optional bytes datastore_transaction
  22 optional int64 dispatch_deadline_usec
AddResponse
  1 optional bytes chosen_task_name
BulkAddRequest
  1 repeated AddRequest add_request
BulkAddResponse
  1 repeated group TaskResult
    2 required int32 result
    3 optional bytes chosen_task_name
DeleteRequest
  1 required bytes queue_name
  2 repeated bytes task_name
  3 optional bytes app_id
DeleteResponse
  3 repeated int32 result
QueryAndOwnTasksRequest
  1 required bytes queue_name
  2 required double lease_seconds
  3 required int64 max_tasks
  4 optional bool group_by_tag = false
  5 optional bytes tag
QueryAndOwnTasksResponse
  1 repeated group Task
    2 required bytes task_name
    3 required int64 eta_usec
    4 optional int32 retry_count = 0
    5 optional bytes body
    6 optional bytes tag
ModifyTaskLeaseRequest
  1 required bytes queue_name
  2 required bytes task_name
  3 required int64 eta_usec
  4 required double lease_seconds
ModifyTaskLeaseResponse
  1 required int64 updated_eta_usec
PurgeQueueRequest
  1 optional bytes app_id
  2 required bytes queue_name
FetchQueueStatsRequest
  1 optional bytes app_id
  2 repeated bytes queue_name
  3 optional int32 max_num_tasks = 0
FetchQueueStatsResponse
  1 repeated group QueueStats
    2 required int32 num_tasks
    3 required int64 oldest_eta_usec
    4 optional ScannerQueueInfo scanner_info
ScannerQueueInfo
  1 required int64 executed_last_minute
  2 required int64 executed_last_hour
  3 required double sampling_duration_seconds
  4 optional int32 requests_in_flight
  5 optional double enforced_rate
FetchQueuesRequest
  1 optional bytes app_id
  2 required int32 max_rows
FetchQueuesResponse
  1 repeated group Queue
    2 required bytes queue_name
    3 required double bucket_refill_per_second
    4 required double bucket_capacity
    5 optional string user_specified_rate
    6 required bool paused
    7 optional RetryParameters retry_parameters
    8 optional int32 max_concurrent_requests
    9 optional int32 mode = 0
    10 optional Acl acl
UpdateQueueRequest
  1 optional bytes app_id
  2 required bytes queue_name
  3 required double bucket_refill_per_second
  4 required int32 bucket_capacity
  5 optional string user_specified_rate
  6 optional RetryParameters retry_parameters
  7 optional int32 max_concurrent_requests
  8 optional int32 mode = 0
  9 optional Acl acl
PauseQueueRequest
  1 required bytes app_id
  2 required bytes queue_name
  3 required bool pause
DeleteQueueRequest
  1 required bytes app_id
  2 required bytes queue_name
QueryTasksRequest
  1 optional bytes app_id
  2 required bytes queue_name
  3 optional bytes start_task_name
  4 optional int64 start_eta_usec
  5 optional int32 max_rows = 1
  6 optional bytes start_tag
QueryTasksResponse
  1 repeated group Task
    2 required bytes task_name
    3 required int64 eta_usec
    4 optional bytes url
    5 optional int32 method
    6 optional int32 retry_count = 0
    7 repeated group Header
      8 required bytes key
      9 required bytes value
    10 optional int32 body_size
    11 optional bytes body
    12 required int64 creation_time_usec
    16 optional group RunLog
      17 required int64 dispatched_usec
      18 required int64 lag_usec
      19 required int64 elapsed_usec
      20 optional int64 response_code
      27 optional string retry_reason
    21 optional bytes description
    23 optional RetryParameters retry_parameters
    24 optional int64 first_try_usec
    25 optional bytes tag
    26 optional int32 execution_count = 0
    28 optional int64 dispatch_deadline_usec
FetchTaskRequest
  1 optional bytes app_id
  2 required bytes queue_name
  3 required bytes task_name
FetchTaskResponse
  1 required QueryTasksResponse task
ForceRunRequest
  1 optional bytes app_id
  2 required bytes queue_name
  3 required bytes task_name
ForceRunResponse
  3 required int32 result
"""

MESSAGES = message_classes(_TABLE)
"""Every class by its name."""
