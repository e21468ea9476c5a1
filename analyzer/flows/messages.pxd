from analyzer.flows.layout cimport Message

# Each shares the memory of a Message, with its own field names.
cdef struct Answer(Message): status=code, location=host, schemes=scheme, traits=shape
cdef struct SocksAnswer(Message): reply=code
cdef struct ClientHello(Message): server_name=host, alpn=path, ja4=agent, random=field, version=code, traits=port
cdef struct ServerHello(Message): version=code
cdef struct Certificate(Message): issuer=host, subject=path
cdef struct Alert(Message): description=code
cdef struct Datagram(Message): payload=host
cdef struct Dns(Message): name=host, query_type=port, message_id=shape, code=code, addresses=path, ttl_s=ack
cdef struct Dhcp(Message): url=host, client=field, message_type=code
cdef struct Pac(Message): script=host
cdef struct Region(Message): state=code, behind=port, holds=shape, found=ack

cdef inline Answer* as_answer(const Message* message) noexcept nogil:
    return <Answer*>message

cdef inline SocksAnswer* as_socks_answer(const Message* message) noexcept nogil:
    return <SocksAnswer*>message

cdef inline ClientHello* as_client_hello(const Message* message) noexcept nogil:
    return <ClientHello*>message

cdef inline ServerHello* as_server_hello(const Message* message) noexcept nogil:
    return <ServerHello*>message

cdef inline Certificate* as_certificate(const Message* message) noexcept nogil:
    return <Certificate*>message

cdef inline Alert* as_alert(const Message* message) noexcept nogil:
    return <Alert*>message

cdef inline Datagram* as_datagram(const Message* message) noexcept nogil:
    return <Datagram*>message

cdef inline Dns* as_dns(const Message* message) noexcept nogil:
    return <Dns*>message

cdef inline Dhcp* as_dhcp(const Message* message) noexcept nogil:
    return <Dhcp*>message

cdef inline Pac* as_pac(const Message* message) noexcept nogil:
    return <Pac*>message

cdef inline Region* as_region(const Message* message) noexcept nogil:
    return <Region*>message
