// The reader's side of vpcd, measured.
//   reader round-trip ROUNDS COUNT BEFORE COMMAND CARD... -- OTHER...
//   reader start ROUNDS CARD... -- OTHER...
// Starts the two programs CARD and OTHER, in whose arguments {port} stands for the port of the reader of each.
// round-trip: sends BEFORE once, then COMMAND, in interleaved rounds of COUNT; prints nanoseconds a command.
// start: starts each program in turn; prints the nanoseconds until it has answered the request for the answer to reset.
#include "probe.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

struct peer {
    char **command;
    int listener, link;
    uint16_t port;
    pid_t pid;
    uint64_t *samples;
};

static uint8_t answer[LONGEST];
static const uint8_t power_on[] = {0, 1, 0x01}, ask_for_reset[] = {0, 1, 0x04};

static void spawn(struct peer *peer)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    errno = posix_spawn(&peer->pid, peer->command[0], &actions, NULL, peer->command, environ);
    if (errno) {
        fail(peer->command[0]);
    }
    posix_spawn_file_actions_destroy(&actions);
    // A program that fails before it connects must not be waited for.
    struct timeval patience = {.tv_sec = 10};
    setsockopt(peer->listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    peer->link = accept_peer(peer->listener);
}

static size_t ask(struct peer *peer, const uint8_t *message, size_t count)
{
    send_all(peer->link, message, count);
    return receive_message(peer->link, answer);
}

static void end(struct peer *peer)
{
    close(peer->link);
    kill(peer->pid, SIGTERM);
    waitpid(peer->pid, NULL, 0);
}

static void put_port(struct peer *peer)
{
    peer->listener = listen_anywhere(&peer->port);
    for (char **word = peer->command; *word; word++) {
        if (strcmp(*word, "{port}") == 0 && asprintf(word, "%u", peer->port) < 0) {
            fail("memory");
        }
    }
}

int main(int argc, char **argv)
{
    int is_start = argc > 3 && strcmp(argv[1], "start") == 0;
    int first = is_start ? 3 : 6, middle = first;
    while (middle < argc && strcmp(argv[middle], "--") != 0) {
        middle++;
    }
    if (middle + 1 >= argc || middle == first) {
        fail("arguments");
    }
    argv[middle] = NULL;
    size_t rounds = (size_t)atoi(argv[2]);
    struct peer peers[2] = {{.command = argv + first}, {.command = argv + middle + 1}};
    for (int i = 0; i < 2; i++) {
        put_port(&peers[i]);
        peers[i].samples = calloc(rounds + 1, sizeof(uint64_t));
    }
    // The first round is there to warm up.
    if (is_start) {
        for (size_t round = 0; round <= rounds; round++) {
            for (int i = 0; i < 2; i++) {
                uint64_t begin = now();
                spawn(&peers[i]);
                send_all(peers[i].link, power_on, sizeof power_on);
                ask(&peers[i], ask_for_reset, sizeof ask_for_reset);
                peers[i].samples[round] = now() - begin;
                end(&peers[i]);
            }
        }
    } else {
        static uint8_t before[LONGEST], command[LONGEST];
        size_t count = (size_t)atoi(argv[3]), before_size = message_of_hex(argv[4], before),
               size = message_of_hex(argv[5], command), lengths[2] = {0};
        for (int i = 0; i < 2; i++) {
            spawn(&peers[i]);
            send_all(peers[i].link, power_on, sizeof power_on);
            ask(&peers[i], before, before_size);
            lengths[i] = ask(&peers[i], command, size);
        }
        errno = 0;
        if (lengths[0] != lengths[1]) {
            fail("the two give answers of different length");
        }
        for (size_t round = 0; round <= rounds; round++) {
            for (int i = 0; i < 2; i++) {
                uint64_t begin = now();
                for (size_t n = 0; n < count; n++) {
                    ask(&peers[i], command, size);
                }
                peers[i].samples[round] = (now() - begin) / count;
            }
        }
        end(&peers[0]);
        end(&peers[1]);
    }
    print_samples("card", peers[0].samples + 1, rounds);
    print_samples("other", peers[1].samples + 1, rounds);
    return 0;
}
