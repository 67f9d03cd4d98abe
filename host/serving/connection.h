// What happens on one client's connection? Bytes come in, every whole message among them is handed to the router, and
// all replies leave in one write, in the order of the requests. Lives on one loop; held by its pending operations and
// calls.
#pragma once

#include "net/read_buffer.h"
#include "serving/asio.h"
#include "serving/http_taker.h"
#include "serving/limits.h"
#include "serving/message_scanner.h"
#include "serving/pending_call.h"
#include "serving/reply_order.h"
#include "serving/send_allowance.h"
#include "serving/service_router.h"
#include "serving/wire_form.h"

#include <p2p/log.h>

#include <list>
#include <string>

namespace p2p::host {

class Loop;

// What a connection is known to be. A client takes one of [host] connections_max places; beyond them a connection is
// admitted on trial, because nodes must get in whatever clients do.
enum class ConnectionStatus : std::uint8_t { client, on_trial, peer };

// How long a connection on trial may take to say hello: a starved process says it late. And the least it gets when
// others wait for its place: with only three places, a node behind sixty silent clients waits for twenty of these
// periods.
inline constexpr Duration kTrialPeriod = std::chrono::seconds(5);
inline constexpr Duration kTrialLeast = std::chrono::milliseconds(100);

// Where a connection is listed while it is open. [its loop]
class ConnectionHome {
 public:
  virtual ~ConnectionHome() = default;
  virtual void connection_closed(class Connection& connection) noexcept = 0;
  virtual void status_changed(class Connection& connection, ConnectionStatus before, ConnectionStatus now) noexcept = 0;
  virtual void bytes_came() noexcept = 0;
  // Bytes waiting for the client changed from `before` to `now`; `has_moved`: it has taken some meanwhile. May close
  // connections, including this one.
  virtual void waiting_changed(class Connection& connection, std::size_t before, std::size_t now,
                               bool has_moved) noexcept = 0;
  // So much waits that connections with unread replies are not read.
  virtual bool is_overloaded() const noexcept = 0;
  // Of the node; outlives the connection.
  virtual WideAllowances& wide_allowances() noexcept = 0;
};

class Connection final : public ReplySink {
 public:
  Connection(StreamSocket socket, Loop& loop, ServiceRouter& router, ConnectionHome& home, ConnectionStatus status,
             Logger& log);

  void start();  // [own loop]
  // Closes when every reply has left. [own loop]
  void finish_up() noexcept;
  void close() noexcept;
  // Closes, and takes back what the kernel has not sent yet: the client finds its connection broken. [own loop]
  void break_now() noexcept;
  // Closes the connection if it has been silent for longer than the limits allow. [own loop]
  void check_age(TimePoint now);
  // Closes a connection on trial that has nothing in flight and has not said hello within `patience`; true if it did.
  // [own loop]
  bool check_trial(TimePoint now, Duration patience);

  ConnectionStatus status() const noexcept { return status_; }     // [own loop]
  std::size_t waiting_bytes() const noexcept { return counted_; }  // as last reported to the home [own loop]
  TimePoint moved_at() const noexcept { return moved_at_; }        // [own loop]

  // ReplySink
  std::uint64_t begun(bool is_oneway) override;
  void answered(std::uint64_t call_id, EncodedReply reply) override;
  void oneway_ended() override;
  void returned() override;
  bool allow_out_of_order_replies() override;
  void note_hello() noexcept override { has_said_hello_ = true; }
  bool has_said_hello() const noexcept override { return has_said_hello_; }
  bool is_gone() const noexcept override { return is_closed_; }
  std::size_t unsent_bytes() const noexcept override { return queued_bytes(); }

  std::list<OriginRef>::iterator place_at_home;              // the home's, kept here for it
  std::list<Connection*>::iterator place_among_the_waiting;  // likewise
  std::list<Connection*>::iterator place_among_the_trials;   // likewise, while on trial

 private:
  enum class Next : std::uint8_t { message, need_more, broken };

  void read();
  void on_read(error_code failure, std::size_t bytes);
  void take_messages();
  Next next_message(std::span<char>& message);
  Next next_framed(std::span<char>& message);
  Next next_unframed(std::span<char>& message);
  Next next_http(std::span<char>& message);
  bool begin_http();
  bool take_request(std::span<char> request);
  void break_off(const char* why);
  bool may_take() const noexcept;
  bool may_be_of_a_node(std::span<const char> message) const;

  void append_reply(EncodedReply reply);
  void call_ended();
  void after_change();  // something that held the connection back may be gone, or a reply has come
  void take_turn();
  void note_sent(std::size_t bytes) noexcept;
  void flush();
  void send_large(std::string reply);
  void write_rest(std::size_t done);
  void on_written(error_code failure);
  std::size_t queued_bytes() const noexcept {
    return out_.size() + writing_.size() + writing_large_.size() + order_.waiting_bytes();
  }
  void recount(bool has_moved) noexcept;
  void close_when_done() noexcept;
  void watch_for_reset();

  StreamSocket socket_;
  Loop& loop_;
  ServiceRouter& router_;
  ConnectionHome& home_;
  Logger& log_;
  ConnectionStatus status_;

  std::uint64_t bytes_max_;  // of one message
  net::ReadBuffer input_{kReadBytes};
  bool is_detected_ = false;
  bool is_http_ = false;    // it has a place among those that speak HTTP
  bool is_stream_ = false;  // it gets an answer that goes on, and is read only to notice its end
  HttpClient http_client_;  // known of those
  WireForm form_;
  MessageScanner scanner_;
  std::size_t frame_bytes_ = 0;  // of the unfinished first message, header included, once that is read
  TimePoint partial_since_{};    // when an unfinished message began; zero: there is none
  TimePoint active_at_{};
  TimePoint opened_at_{};

  ReplyOrder order_;
  bool is_out_of_order_ = false;
  bool has_said_hello_ = false;
  std::size_t in_flight_ = 0;
  bool is_held_back_ = false;
  bool is_taking_ = false;
  bool is_turn_due_ = false;
  bool is_reading_ = false;
  bool is_writing_ = false;
  bool is_finishing_ = false;  // takes nothing more; closes when the last reply has left
  bool is_closed_ = false;
  std::string out_;
  std::string writing_;        // while is_writing_, and behind it:
  std::string writing_large_;  // a reply that was not copied
  std::size_t counted_ = 0;    // waiting bytes reported to the home
  TimePoint moved_at_{};       // when the client last took bytes, or they began to wait
  SendAllowance allowance_;
};

}  // namespace p2p::host
