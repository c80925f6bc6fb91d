// A file's video as a row of frames with their times: FFmpeg's two libraries for that, and when
// they may be believed.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "program_builder/internal/frame_view.h"

namespace matsuri::program_builder {

// A duration or time in the video's own unit.
using Ticks = std::int64_t;

// Reads a file's first video from its beginning. Not thread-safe; decodes with threads of its own.
class Demuxer {
 public:
  // Code::invalid where the file has no video, or is none; Code::not_found.
  static Result<std::unique_ptr<Demuxer>> open(const std::string& path, int thread_count);
  ~Demuxer();
  Demuxer(const Demuxer&) = delete;
  Demuxer& operator=(const Demuxer&) = delete;

  // The next frame that is shown, in `frame`; false at the end of the file. Code::corrupt where
  // something is damaged.
  Result<bool> next(AVFrame& frame);

  AVRational unit() const { return stream_->time_base; }
  // When sound or picture begins, whichever is first.
  Ticks start() const { return start_; }
  // What the file says that it lasts from start(); nothing where it does not say.
  std::optional<Ticks> declared() const;
  // How long a frame is shown that does not say it.
  Ticks usual_duration() const;
  AVRational sample_aspect(const AVFrame& frame) const;
  Orientation orientation() const { return orientation_; }

 private:
  Demuxer() = default;
  Result<void> find_video();
  Result<void> open_decoder(int thread_count);
  // Gives the decoder one packet, or the end.
  Result<void> feed();

  AVFormatContext* format_ = nullptr;
  AVCodecContext* codec_ = nullptr;
  AVPacket* packet_ = nullptr;
  AVStream* stream_ = nullptr;
  Ticks start_ = 0;
  Orientation orientation_;
  bool is_at_end_ = false;
  bool has_frame_ = false;  // one has been decoded: from now on, nothing may be missing
};

}  // namespace matsuri::program_builder
