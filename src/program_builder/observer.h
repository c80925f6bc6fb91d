// What a person at a terminal wants to know while a programme is built.
#pragma once

#include <cstdint>

namespace matsuri::program_builder {

enum class Stage : std::uint8_t { reading, decoding, comparing };

// Called by one thread at a time.
class Observer {
 public:
  virtual ~Observer() = default;
  // `part` of the stage is done, 0 to 1.
  virtual void progressed(Stage stage, double part) = 0;
  // Asked often; the build ends with Code::busy once it is true.
  virtual bool wants_stop() = 0;
};

}  // namespace matsuri::program_builder
