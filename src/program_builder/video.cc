#include "program_builder/video.h"

#include <algorithm>
#include <memory>

#include "program/show.h"
#include "program_builder/clock_text.h"
#include "program_builder/internal/demuxer.h"

namespace matsuri::program_builder {
namespace {

constexpr AVRational row_unit{1, match::rows_per_second};
constexpr AVRational ms_unit{1, 1000};
constexpr Grid picture_grid{.columns = picture_width, .rows = picture_height};
constexpr std::uint32_t picture_count = 120;  // about as many as a report shows

struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
using Frame = std::unique_ptr<AVFrame, FreeFrame>;

// Fills rows with whatever is shown at their times.
class Screen {
 public:
  Screen(Demuxer& demuxer, Observer& observer)
      : demuxer_(demuxer), observer_(observer), shown_(av_frame_alloc()) {
    const auto declared = demuxer.declared();
    expected_rows_ = declared ? rows_before(*declared) : 0;
    const std::uint32_t seconds = expected_rows_ / match::rows_per_second;
    const std::uint32_t period = std::max(1U, (seconds + picture_count - 1) / picture_count);
    picture_rows_ = (declared ? period : 10) * match::rows_per_second;
  }

  // Takes a frame that is shown from `begin` on. The frame is empty afterwards.
  Result<void> show(Frame& frame, Ticks begin) {
    const bool is_first = !has_shown_;
    // Times that stand still or go back: what was shown last has never been seen.
    if (!is_first && begin <= begin_) begin = begin_;
    if (!is_first) TRY(fill_to(rows_before(begin)));
    const Ticks duration =
        frame->pkt_duration > 0 ? frame->pkt_duration : demuxer_.usual_duration();
    begin_ = begin;
    end_ = begin + duration;
    has_shown_ = true;
    shown_.swap(frame);
    av_frame_unref(frame.get());
    return {};
  }

  Result<Master> finish() {
    if (!has_shown_) return Error(Code::corrupt, "has no frame that can be decoded");
    TRY(check_end());
    const auto duration_ms = av_rescale_q_rnd(end_, demuxer_.unit(), ms_unit, AV_ROUND_DOWN);
    if (duration_ms > program::duration_ms_max) return too_long();
    master_.duration_ms = static_cast<std::uint32_t>(std::max<std::int64_t>(duration_ms, 1));
    TRY(fill_to(program::row_count_of(master_.duration_ms)));
    return std::move(master_);
  }

  std::uint32_t time_ms() const {
    return static_cast<std::uint32_t>(master_.rows.size()) * program::ms_per_row;
  }

 private:
  static Error too_long() { return {Code::invalid, "lasts longer than six hours"}; }

  // How many rows have a time before `time`.
  std::uint32_t rows_before(Ticks time) const {
    const std::int64_t count = av_rescale_q_rnd(time, demuxer_.unit(), row_unit, AV_ROUND_UP);
    const std::uint32_t most = program::row_count_of(program::duration_ms_max) + 1;
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 0, most));
  }

  // A header that promises more than there is.
  Result<void> check_end() const {
    const auto declared = demuxer_.declared();
    if (!declared) return {};
    const std::int64_t missing_ms = av_rescale_q(*declared - end_, demuxer_.unit(), ms_unit);
    const std::int64_t declared_ms = av_rescale_q(*declared, demuxer_.unit(), ms_unit);
    // Sound may be a little longer than the picture, and not all containers tell them apart.
    if (missing_ms <= 1'000 + declared_ms / 50) return {};
    return Error(Code::corrupt, "was cut short: its picture ends at " + clock_text(time_of(end_)) +
                                    ", and " + clock_text(static_cast<std::uint32_t>(declared_ms)) +
                                    " are promised");
  }

  std::uint32_t time_of(Ticks time) const {
    return static_cast<std::uint32_t>(
        std::max<std::int64_t>(av_rescale_q(time, demuxer_.unit(), ms_unit), 0));
  }

  Result<void> fill_to(std::uint32_t count) {
    if (count > program::row_count_of(program::duration_ms_max)) return too_long();
    if (master_.rows.size() >= count) return {};
    TRY_ASSIGN(const AVFrame* const readable, converter_.readable(*shown_));
    const FrameView view(*readable, demuxer_.sample_aspect(*shown_), demuxer_.orientation());
    const match::Row row = match::quantize(match::features(view.luma()));
    const auto first = static_cast<std::uint32_t>(master_.rows.size());
    const std::uint32_t next_picture = (first + picture_rows_ - 1) / picture_rows_ * picture_rows_;
    for (std::uint32_t at = next_picture; at < count; at += picture_rows_)
      master_.pictures.push_back(
          {.time_ms = at * program::ms_per_row, .rgb = view.rgb(picture_grid)});
    master_.rows.resize(count, row);
    observer_.progressed(
        Stage::decoding,
        expected_rows_ == 0 ? 0 : std::min(1.0, static_cast<double>(count) / expected_rows_));
    return {};
  }

  Demuxer& demuxer_;
  Observer& observer_;
  Converter converter_;
  Frame shown_;
  bool has_shown_ = false;
  Ticks begin_ = 0, end_ = 0;
  std::uint32_t expected_rows_ = 0;
  std::uint32_t picture_rows_ = 0;
  Master master_;
};

Result<void> read_all(Demuxer& demuxer, Screen& screen, Observer& observer) {
  Frame next(av_frame_alloc());
  Ticks expected = 0;  // where a frame has no time of its own, it follows the one before
  while (true) {
    if (observer.wants_stop()) return Error(Code::busy, "was stopped before its end");
    const Result<bool> got = demuxer.next(*next);
    if (!got.ok()) return Error(got.error()).within("after " + clock_text(screen.time_ms()));
    if (!got.value()) return {};
    const Ticks begin = next->best_effort_timestamp == AV_NOPTS_VALUE
                            ? expected
                            : next->best_effort_timestamp - demuxer.start();
    expected = begin + (next->pkt_duration > 0 ? next->pkt_duration : demuxer.usual_duration());
    TRY(screen.show(next, begin));
  }
}

}  // namespace

Result<Master> read_master(const std::string& path, int thread_count, Observer& observer) {
  TRY_ASSIGN(const std::unique_ptr<Demuxer> demuxer,
             within(path, Demuxer::open(path, thread_count)));
  Screen screen(*demuxer, observer);
  TRY(within(path, read_all(*demuxer, screen, observer)));
  return within(path, screen.finish());
}

}  // namespace matsuri::program_builder
