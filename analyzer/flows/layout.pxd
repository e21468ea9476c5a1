from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef struct Key:
    uint64_t conversation
    uint64_t digest
    uint8_t side

cdef struct Record:
    uint64_t a_hi
    uint64_t a_lo
    uint64_t b_hi
    uint64_t b_lo
    int64_t last_ns
    int64_t data_ns
    uint16_t a_port
    uint16_t b_port
    uint8_t protocol
    uint8_t version
    int8_t syn_side
    int8_t end_side
    int32_t first_source
    int32_t last_source
    int64_t first_ns
    int64_t end_ns
    uint64_t outer0
    uint64_t outer1
    uint64_t sources
    uint32_t isn
    int32_t previous
    int32_t label
    int32_t pauses
    uint32_t first_frame
    uint8_t end_reset
    uint8_t unreachable

cdef struct Side:
    int64_t packets
    int64_t bytes
    int64_t distinct
    int64_t last_ns
    int64_t pending_ns
    uint32_t high
    uint32_t acked
    uint32_t base
    uint32_t acked_then
    uint8_t seen
    uint8_t marks
    uint8_t state
    uint8_t asked_socks
    uint32_t resume
    uint32_t low
    uint32_t acked_low
    int32_t acked_turns
    int32_t holes
    int32_t waiting
    int32_t waiting_bytes
    int32_t tried
    int32_t wanted
    int32_t lacking
    int32_t requests
    int32_t responses
    uint32_t head_end
    uint64_t heads
    uint64_t tunnels

cdef struct Pause:
    int64_t end_ns
    int64_t start_ns
    int64_t bytes_a
    int64_t bytes_b
    int32_t next

cdef struct Hole:
    uint32_t start
    uint32_t end
    int32_t next

cdef struct Segment:
    int64_t ts_ns
    int64_t at
    uint32_t seq
    uint32_t ack
    int32_t size
    int32_t next

cdef struct Message:
    int64_t ts_ns
    int64_t host_at
    int64_t path_at
    int64_t agent_at
    int64_t field_at
    int64_t scheme_at
    int32_t record
    int32_t host_size
    int32_t path_size
    int32_t agent_size
    int32_t field_size
    int32_t scheme_size
    int32_t port
    uint32_t seq
    uint32_t end
    uint32_t ack
    int32_t code
    uint16_t shape
    uint8_t side
    uint8_t kind

cdef struct Recent:
    uint64_t digest
    int64_t ts_ns

cdef struct Sighting:
    int32_t record
    int32_t source

cdef struct Held:
    int64_t ts_ns
    int64_t at
    int32_t record
    int32_t size
    uint32_t seq
    uint32_t ack
    uint8_t side

cdef struct First:
    uint64_t digest
    int64_t ts_ns
    int32_t record
    int32_t source
    int32_t payload_bytes
    uint32_t seq
    uint32_t number
    uint16_t ip_id
    uint8_t flags
    uint8_t ttl
    uint8_t side
    uint8_t protocol
    uint8_t copy

cdef struct Cursor:
    int64_t at
    int64_t end
    int64_t ts_ns
    int32_t record
    uint32_t seq
    uint32_t ack
    int32_t wanted
    int32_t lacking
    int32_t body
    int32_t status
    uint8_t side
    uint8_t final
    uint8_t found

cdef struct Hello:
    int64_t suites
    int64_t extensions
    int64_t name_at
    int64_t name_size
    int64_t alpn_at
    int64_t alpn_end
    int64_t algorithms_at
    int64_t algorithms_end
    int32_t version
    int32_t listed
    int32_t traits
    uint8_t has_name

# The tables' addresses for kernels; len_NAME: the number of a table's rows.
cdef struct Tables:
    int32_t* slots
    Record* records
    Side* sides
    Hole* holes
    Pause* pauses
    Segment* segments
    uint8_t* arena
    Message* messages
    uint8_t* pool
    Sighting* sightings
    Recent* recent
    Held* held
    uint8_t* store
    First* firsts
    Cursor* cursor
    Hello* hello
    uint8_t* scratch
    uint8_t* handshake
    uint16_t* suites
    uint16_t* extensions
    uint8_t* text
    uint16_t* memo
    int32_t* memo_sizes
    uint8_t* memo_digests
    uint32_t* state
    uint32_t* schedule
    int64_t* counts
    int64_t len_slots
    int64_t len_records
    int64_t len_holes
    int64_t len_pauses
    int64_t len_segments
    int64_t len_arena
    int64_t len_messages
    int64_t len_pool
    int64_t len_sightings
    int64_t len_held
    int64_t len_store
    int64_t len_scratch
    int64_t len_handshake
