from analyzer.flows.layout cimport Message

# Each lies over a Message, whose fields it names anew.
cdef struct Answer(Message): status=status, location=host, scheme=scheme, shape=shape
cdef struct ClientHello(Message): server_name=host, alpn=path, ja4=agent, random=field, version=status, traits=port
cdef struct ServerHello(Message): version=status
cdef struct Certificate(Message): issuer=host, subject=path
cdef struct Alert(Message): description=status
cdef struct Datagram(Message): payload=host
cdef struct Dns(Message): name=host, query_type=port, message_id=shape, code=status, addresses=path, ttl_s=ack
cdef struct Dhcp(Message): url=host, client=field, message_type=status
cdef struct Pac(Message): script=host
cdef struct Region(Message): state=status, behind=port, holds=shape, found=ack

cdef inline Answer* as_answer(const Message* message) noexcept nogil:
    return <Answer*>message

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
