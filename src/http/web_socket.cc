// What becomes of a message that nobody answers.
#include "http/web_socket.h"

#include "base/log.h"

namespace matsuri::http {

SocketReply::~SocketReply() {
  if (!sink_) return;
  log::error("http", "a handler dropped a message without an answer");
  sink_->send({.message = {},
               .end = SocketEnd{socket_end::failed, "the server failed to answer a message"}});
}

}  // namespace matsuri::http
