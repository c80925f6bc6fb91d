#include "program_builder/internal/demuxer.h"

extern "C" {
#include <libavutil/dict.h>
}

#include <sys/stat.h>

#include <algorithm>
#include <array>

namespace matsuri::program_builder {
namespace {

constexpr int side_max = 16'384;

std::string text_of(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof text);
  return text;
}

Error damaged(const std::string& what) {
  return {Code::corrupt, "is damaged or was cut short: " + what};
}

// The turn that a container asks for. Only right angles: others are shown as they are.
Orientation orientation_of(const AVStream& stream) {
  const auto* const matrix = reinterpret_cast<const std::int32_t*>(
      av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, nullptr));
  if (matrix == nullptr) return {};
  // Sample (x, y) is shown at (a x + c y, b x + d y).
  const std::int32_t a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
  if (a != 0 && d != 0 && b == 0 && c == 0)
    return {.is_swapped = false, .flips_x = a < 0, .flips_y = d < 0};
  if (b != 0 && c != 0 && a == 0 && d == 0)
    return {.is_swapped = true, .flips_x = c < 0, .flips_y = b < 0};
  return {};
}

}  // namespace

Demuxer::~Demuxer() {
  av_packet_free(&packet_);
  avcodec_free_context(&codec_);
  avformat_close_input(&format_);
}

Result<std::unique_ptr<Demuxer>> Demuxer::open(const std::string& path, int thread_count) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return Error(Code::not_found, "is not there");
  av_log_set_level(AV_LOG_QUIET);  // what it would say to the terminal comes back as our error
  std::unique_ptr<Demuxer> demuxer(new Demuxer);
  // A playlist names other files, and hosts: a programme is one file.
  AVDictionary* options = nullptr;
  av_dict_set(&options, "protocol_whitelist", "file", 0);
  const int error =
      avformat_open_input(&demuxer->format_, ("file:" + path).c_str(), nullptr, &options);
  av_dict_free(&options);
  if (error < 0) return Error(Code::invalid, "is no video, or was cut short: " + text_of(error));
  TRY(demuxer->find_video());
  TRY(demuxer->open_decoder(thread_count));
  return demuxer;
}

Result<void> Demuxer::find_video() {
  if (const int error = avformat_find_stream_info(format_, nullptr); error < 0)
    return damaged(text_of(error));
  const int index = av_find_best_stream(format_, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  if (index < 0) return Error(Code::invalid, "has no video that can be decoded, or was cut short");
  stream_ = format_->streams[index];
  if ((stream_->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0)
    return Error(Code::invalid, "has a cover picture, but no video");
  if (stream_->codecpar->width > side_max || stream_->codecpar->height > side_max)
    return Error(Code::invalid, "has pictures of more than 16384 pixels a side");

  std::optional<Ticks> start;
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    AVStream& stream = *format_->streams[i];
    const bool is_ours = &stream == stream_;
    if (!is_ours) stream.discard = AVDISCARD_ALL;
    const bool is_shown = is_ours || stream.codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
    if (!is_shown || stream.start_time == AV_NOPTS_VALUE) continue;
    const Ticks begin = av_rescale_q(stream.start_time, stream.time_base, stream_->time_base);
    start = start ? std::min(*start, begin) : begin;
  }
  start_ = start.value_or(0);
  orientation_ = orientation_of(*stream_);
  return {};
}

Result<void> Demuxer::open_decoder(int thread_count) {
  const AVCodec* const decoder = avcodec_find_decoder(stream_->codecpar->codec_id);
  if (decoder == nullptr) return Error(Code::invalid, "has a video that can't be decoded here");
  codec_ = avcodec_alloc_context3(decoder);
  packet_ = av_packet_alloc();
  if (codec_ == nullptr || packet_ == nullptr) return Error(Code::exhausted, "no memory");
  int error = avcodec_parameters_to_context(codec_, stream_->codecpar);
  codec_->thread_count = thread_count;
  codec_->pkt_timebase = stream_->time_base;
  codec_->max_pixels = std::int64_t{side_max} * side_max / 4;
  codec_->flags |= AV_CODEC_FLAG_BITEXACT;  // the same pictures from every processor
  if (error >= 0) error = avcodec_open2(codec_, decoder, nullptr);
  if (error < 0) return Error(Code::invalid, "can't be decoded: " + text_of(error));
  return {};
}

Result<bool> Demuxer::next(AVFrame& frame) {
  while (true) {
    const int error = avcodec_receive_frame(codec_, &frame);
    if (error == 0) {
      if ((frame.flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame.decode_error_flags != 0)
        return damaged("a frame has errors");
      has_frame_ = true;
      return true;
    }
    if (error == AVERROR_EOF) return false;
    // A broadcast that was recorded from its middle begins with what can't be decoded.
    if (error != AVERROR(EAGAIN) && has_frame_) return damaged(text_of(error));
    TRY(feed());
  }
}

Result<void> Demuxer::feed() {
  if (is_at_end_) return damaged("the decoder wants more than there is");
  const int error = av_read_frame(format_, packet_);
  if (error < 0 && error != AVERROR_EOF) return damaged(text_of(error));
  if (error == AVERROR_EOF) {
    // A disk that fails looks like an end, too.
    if (format_->pb != nullptr && format_->pb->error < 0 && format_->pb->error != AVERROR_EOF)
      return damaged(text_of(format_->pb->error));
    is_at_end_ = true;
    avcodec_send_packet(codec_, nullptr);
    return {};
  }
  const bool is_ours = packet_->stream_index == stream_->index;
  const bool is_damaged = (packet_->flags & AV_PKT_FLAG_CORRUPT) != 0;
  const int sent = is_ours ? avcodec_send_packet(codec_, packet_) : 0;
  av_packet_unref(packet_);
  if (is_ours && has_frame_ && (is_damaged || sent < 0))
    return damaged(is_damaged ? "a packet has errors" : text_of(sent));
  return {};
}

std::optional<Ticks> Demuxer::declared() const {
  const bool is_guess = format_->duration_estimation_method == AVFMT_DURATION_FROM_BITRATE;
  if (stream_->duration > 0 && !is_guess) {
    const Ticks begin = stream_->start_time == AV_NOPTS_VALUE ? start_ : stream_->start_time;
    return begin - start_ + stream_->duration;
  }
  if (format_->duration <= 0 || is_guess) return std::nullopt;
  return av_rescale_q(format_->duration, AVRational{1, AV_TIME_BASE}, stream_->time_base);
}

Ticks Demuxer::usual_duration() const {
  const AVRational rate =
      stream_->avg_frame_rate.num > 0 ? stream_->avg_frame_rate : AVRational{25, 1};
  return std::max<Ticks>(1, av_rescale_q(1, av_inv_q(rate), stream_->time_base));
}

AVRational Demuxer::sample_aspect(const AVFrame& frame) const {
  return frame.sample_aspect_ratio.num > 0 ? frame.sample_aspect_ratio
                                           : stream_->sample_aspect_ratio;
}

}  // namespace matsuri::program_builder
