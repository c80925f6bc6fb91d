// What every program below bench/ shares: its options, paired measuring, and rows that a person can
// read as a table and a program as JSON. A figure without a baseline in the same run, or of which
// nobody checked the result, is not a figure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace matsuri::bench {

struct Options {
  std::string out;     // where the rows go as JSON; empty: nowhere
  bool quick = false;  // a check in seconds that the bench works; its figures say nothing
  std::vector<std::string> cases;  // only these; empty: all

  bool wants(std::string_view name) const;
};

// Reads `[--out FILE] [--quick] [--case NAME]...`. Ends the process, with the usage, on all else.
Options parse_options(int argc, char** argv, std::string_view usage);

// Whether more is better (a rate) or less (a cost).
enum class Better : std::uint8_t { larger, smaller };

// A subject's figure beside its baseline's, from the same run.
struct Compared {
  double value = 0;
  double baseline_value = 0;

  // Better is larger, whatever is compared. 0 where either figure is 0.
  double ratio(Better better) const;
};

// One line of the table. Without a name of a baseline, the ratio is null.
struct Row {
  std::string name;    // of the case
  std::string metric;  // "records/s"
  Compared figures;
  std::string unit;      // of both figures: "1/s", "us", "bytes"
  std::string baseline;  // what the subject was compared with: "SQLite WAL FULL, group commit"
  Better better = Better::larger;
  bool checked = false;  // the results were verified by opening the data again and counting
};

class Report {
 public:
  Report(std::string bench, Options options);

  // Adds a row, and shows it at once.
  void add(Row row);
  // Writes the file. The exit code of the program: 0 where every row was checked and there is one.
  int finish() const;

 private:
  std::string bench_;
  Options options_;
  std::vector<Row> rows_;
};

// One run of the subject or of its baseline: its figures, in the same order for both.
using Run = std::function<std::vector<double>()>;

// Runs both `pair_count` times in turn, the one that begins changing with each pair, so that a
// neighbour on the machine hurts both alike. For each figure, the pair with the median ratio.
// REQUIRES: pair_count >= 1; all runs give as many figures.
std::vector<Compared> compare(int pair_count, const Run& subject, const Run& baseline);

// REQUIRES: !values.empty().
double median(std::vector<double> values);

double seconds_now();            // since some moment; never goes back
double cpu_seconds();            // user and system time of this process, all threads
double cpu_seconds_of(int pid);  // of another process, its threads included; 0 where it is gone

// One line on standard error, so that the table on standard output stays a table.
void say(std::string_view line);

}  // namespace matsuri::bench
