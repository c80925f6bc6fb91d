#include "traffic/chart.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/sentence.h"

namespace matsuri::traffic {
namespace {

constexpr double width = 900, panel_height = 300, head_height = 50;
constexpr double left = 80, right = 20, top = 56, bottom = 36;
constexpr double log_least = 0.1;

// The series colours of web/ui/tokens.css, on paper and at night.
constexpr std::string_view style =
    "svg{background:#fffdf8;font:13px system-ui,sans-serif}text{fill:#23233b}"
    ".grid{stroke:#d9d2c3}.line{fill:none;stroke-width:2;stroke-linejoin:round}"
    ".s0{stroke:#b8571b}.s1{stroke:#2f7d53}.s2{stroke:#2c6aa0}.s3{stroke:#7a5ab0}"
    "@media(prefers-color-scheme:dark){svg{background:#12142b}text{fill:#f6efdf}"
    ".grid{stroke:#343a68}.s0{stroke:#ffa45c}.s1{stroke:#86cfa6}.s2{stroke:#7fb7e6}"
    ".s3{stroke:#b9a8ea}}";

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string label(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value >= 10'000 ? "%.0fk" : "%g",
                value >= 10'000 ? value / 1000 : value);
  return text;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '&')
      out += "&amp;";
    else
      out += c;
  }
  return out;
}

// 1, 2 or 5 times a power of ten, so that some four of them reach the value.
double step_for(double value) {
  const double power = std::pow(10, std::floor(std::log10(value / 4)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= value / 4) return factor * power;
  return 10 * power;
}

class Drawer {
 public:
  Drawer(const Panel& panel, double y, std::string& out) : panel_(panel), y_(y), out_(out) {
    for (const Line& line : panel.lines)
      for (const auto& [at, value] : line.points) {
        x_max_ = std::max(x_max_, at);
        value_max_ = std::max(value_max_, value);
      }
  }

  void draw() {
    text(left, y_ + 18, panel_.title, "font-weight:600");
    draw_grid();
    for (std::size_t i = 0; i < panel_.lines.size(); ++i) draw_line(i);
  }

 private:
  double x_of(double at) const { return left + (width - left - right) * at / x_max_; }
  double y_of(double value) const {
    const double part = panel_.is_log ? std::log10(std::max(value, log_least) / log_least) /
                                            std::log10(value_max_ / log_least)
                                      : value / value_max_;
    return y_ + panel_height - bottom - part * (panel_height - top - bottom);
  }

  void text(double x, double y, std::string_view content, std::string_view styled) {
    out_ += sentence("<text x=\"", number(x), "\" y=\"", number(y), "\" style=\"", styled, "\">",
                     escaped(content), "</text>\n");
  }

  void draw_grid() {
    const auto across = [&](double value) {
      const std::string y = number(y_of(value));
      out_ += sentence("<line class=\"grid\" x1=\"", number(left), "\" x2=\"",
                       number(width - right), "\" y1=\"", y, "\" y2=\"", y, "\"/>\n");
      text(left - 8, y_of(value) + 4, label(value), "text-anchor:end");
    };
    if (panel_.is_log)
      for (double value = log_least; value <= value_max_; value *= 10) across(value);
    else
      for (double value = 0; value <= value_max_; value += step_for(value_max_)) across(value);
    for (const auto& [at, name] : panel_.x_ticks)
      text(x_of(at), y_ + panel_height - bottom + 20, name, "text-anchor:middle");
  }

  void draw_line(std::size_t index) {
    const Line& line = panel_.lines[index];
    const double x = left + 130 * static_cast<double>(index);
    out_ +=
        sentence("<line class=\"line s", index, "\" x1=\"", number(x), "\" x2=\"", number(x + 22),
                 "\" y1=\"", number(y_ + 36), "\" y2=\"", number(y_ + 36), "\"/>\n");
    text(x + 28, y_ + 40, line.name, "");
    out_ += sentence("<polyline class=\"line s", index, "\" points=\"");
    for (const auto& [at, value] : line.points)
      out_ += sentence(number(x_of(at)), ",", number(y_of(value)), " ");
    out_ += "\"/>\n";
  }

  const Panel& panel_;
  const double y_;
  std::string& out_;
  double x_max_ = 1e-9;
  double value_max_ = 1;
};

}  // namespace

std::vector<std::pair<double, std::string>> second_ticks(std::size_t count) {
  std::vector<std::pair<double, std::string>> ticks;
  for (std::size_t i = 0; i < count; i += std::max<std::size_t>(1, count / 8))
    ticks.emplace_back(static_cast<double>(i), sentence(i, " s"));
  return ticks;
}

std::string to_svg(std::string_view title, const std::vector<Panel>& panels) {
  const double height = head_height + panel_height * static_cast<double>(panels.size());
  std::string out = sentence(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", number(width), " ",
      number(height), "\">\n<style>", style, "</style>\n<text x=\"", number(left),
      "\" y=\"32\" style=\"font-size:18px;font-weight:600\">", escaped(title), "</text>\n");
  for (std::size_t i = 0; i < panels.size(); ++i)
    Drawer(panels[i], head_height + panel_height * static_cast<double>(i), out).draw();
  return out + "</svg>\n";
}

}  // namespace matsuri::traffic
