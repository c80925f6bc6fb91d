// Game commands on their way: batches of what waits, one after the other, each chain until its
// outcome is final.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "codec.h"
#include "core.h"
#include "session.h"

namespace matsuri {

class Commands {
 public:
  Commands(Core& core, Session& session) : core_(core), session_(session) {}

  bool recover(const Queue::Item& item);
  std::string add(const std::vector<Command>& chain, Callback<std::vector<Outcome>> then);
  void tick();

  void look_up(const std::string& arena, const std::string& key, Callback<Outcome> then);
  void get_entity(const std::string& arena, const EntityRef& entity, Consistency consistency,
                  Callback<EntityRead> then);

 private:
  // Commands that are decided together.
  struct Chain {
    std::uint64_t id = 0;  // in the queue
    std::string title;
    std::string arena;
    std::string reason;
    std::vector<std::string> keys;
    std::vector<std::string> insides;  // what to_wire() made
    // Made with the device's clock, when nobody had told the server's: was never sent.
    bool is_guessed = false;
    bool may_be_known = false;  // the server may have executed it
    bool is_recovered = false;
    int tries = 0;
    std::int64_t not_before_ms = 0;
    bool is_held = false;  // until a look-up is answered
    Callback<std::vector<Outcome>> then;

    std::size_t size() const;  // on the wire, at most
  };

  static std::string payload_of(const Chain& chain);
  bool make_keys_good(Chain& chain);
  std::vector<Chain*> gather();
  void send(const std::vector<Chain*>& batch);
  void answered(Answer answer);
  void decided(Chain& chain, const WireOutcome* outcomes);
  void ask_for(Chain& chain, const std::string& key);
  void try_later(Chain& chain);
  void finish(Chain& chain, const Result<std::vector<Outcome>>& outcomes);
  void sweep();
  Chain* find(std::uint64_t id);

  Core& core_;
  Session& session_;
  std::deque<Chain> waiting_;             // in order; an id of 0 is done with
  std::vector<std::uint64_t> under_way_;  // the batch, by id
  std::size_t one_by_one_ = 0;  // so many chains go alone, because a batch was refused whole
  std::map<std::string, std::string> tokens_;  // of the newest answer, by arena
};

}  // namespace matsuri
