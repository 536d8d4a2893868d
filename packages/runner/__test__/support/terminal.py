"""Runs a command in a pseudo-terminal. Each line of standard input is what a person does there, as JSON: {"type": "text"},
{"resize": [rows, columns]} or {"signal": number}. What the terminal shows is standard output; at the end comes a line EXIT
with the code, or with the signal as a negative number."""
import fcntl, json, os, pty, select, signal, struct, sys, termios

def resize(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))

pid, master = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
resize(master, 24, 80)
pending = b''
inputs = [master, 0]
while master in inputs:
    for fd in select.select(inputs, [], [])[0]:
        try:
            data = os.read(fd, 65536)
        except OSError:
            data = b''
        if not data:
            inputs.remove(fd)
        elif fd == master:
            os.write(1, data)
        else:
            *lines, pending = (pending + data).split(b'\n')
            for line in map(json.loads, lines):
                if 'type' in line:
                    os.write(master, line['type'].encode())
                if 'resize' in line:
                    resize(master, *line['resize'])
                if 'signal' in line:
                    os.kill(pid, line['signal'])
status = os.waitpid(pid, 0)[1]
code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
os.write(1, b'\nEXIT %d\n' % code)
