from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef struct Packet:
    uint64_t src_hi
    uint64_t src_lo
    uint64_t dst_hi
    uint64_t dst_lo
    int64_t ts_ns
    int64_t payload
    uint64_t outer0
    uint64_t outer1
    int32_t captured_bytes
    int32_t payload_bytes
    uint32_t seq
    uint32_t ack
    int32_t frame
    uint32_t note
    uint16_t src_port
    uint16_t dst_port
    uint16_t window
    uint16_t checksum
    uint16_t ip_id
    uint8_t protocol
    uint8_t version
    uint8_t flags
    uint8_t ttl
    uint8_t status
    uint8_t wrapped

cdef struct Frame:
    int64_t ts_ns
    int64_t start
    int32_t captured_bytes
    int32_t wire_bytes
    int32_t link_type
    int32_t source
    uint32_t number
    int32_t interface
    int32_t note_bytes
