// What goes on air when closures are attacked: a broadcast and another channel, put together of
// videos that are in Debian's packages (tools/packages/bench-attacks.txt).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "match/testing/footage.h"

namespace matsuri::bench {

enum class Channel : std::uint8_t { broadcast, other };

// Makes the channel's video below `folder` with ffmpeg, and gives its path. Ends the program where
// a clip is missing.
std::string make_video(Channel channel, const std::string& folder);

// What of the channel is shown at a second of it.
std::string_view clip_at(Channel channel, double at_s);

// Whether the other channel shows its logo or its credits then: they are drawn by the same rules as
// those of the broadcast.
bool shows_titles(double from_s, double to_s);

// A video on a TV: its frames as ffmpeg decodes them, in a file below `folder` that is mapped.
class Video final : public match::testing::Film {
 public:
  Video(const std::string& path, const std::string& folder);
  ~Video() override;
  Video(const Video&) = delete;
  Video& operator=(const Video&) = delete;

  double seconds() const override;
  match::testing::Picture at(double at_s) const override;

 private:
  static constexpr std::size_t frame_size = width_px * height_px;

  std::size_t frame_count_ = 0;
  const std::uint8_t* frames_ = nullptr;
};

}  // namespace matsuri::bench
