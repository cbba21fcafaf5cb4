*** Comments ***
# robocop: off=too-many-calls-in-test-case


*** Settings ***
Documentation    A bot that takes its cases from a work queue: states, repeats, restarts, evidence, limits.

Library          Collections
Library          OperatingSystem
Library          payment_files.py
Library          queue_files.py
Library          RefereeLibrary    ${FOLDER}/payments.xlsx
...                  audit=${FOLDER}/audit
...                  playbooks=${FOLDER}/playbooks

Suite Setup      Write Payment Decision    ${FOLDER}


*** Variables ***
${FOLDER}    ${OUTPUT DIR}/items
${FILE}      ${FOLDER}/queue.sqlite
${HEADER}    payment,country,amount,memo\n
@{CASES}     P-1,DE,1200,a    P-2,FR,9000,b    P-3,CH,10,c    P-4,DE,,d


*** Test Cases ***
A Missing Or Empty File Adds Nothing
    [Documentation]    Not even the queue.
    Run Keyword And Expect Error    *none.csv: there is no such file; *
    ...    Add Work Items    ${FOLDER}/none.csv    file=${FILE}
    Create File    ${FOLDER}/empty.csv    ${HEADER}
    Run Keyword And Expect Error    *: there is a header row but no case below it
    ...    Add Work Items    ${FOLDER}/empty.csv    file=${FILE}
    Create Directory    ${FOLDER}/inbox
    Run Keyword And Expect Error    *inbox: no file in it fits `*.pdf`, so there is nothing to add
    ...    Add Work Items    ${FOLDER}/inbox    file=${FILE}    pattern=*.pdf
    File Should Not Exist    ${FILE}
    Run Keyword And Expect Error    there is no work queue *; name its file, *
    ...    Process Work Items    file=${FILE}

Each Row Is An Item And Each Key Is There Once
    [Documentation]    Adding the file again adds what is new, and changes what waits.
    ${rows}=    Catenate    SEPARATOR=\n    @{CASES}
    Create File    ${FOLDER}/cases.csv    ${HEADER}${rows}\n
    ${counts}=    Add Work Items    ${FOLDER}/cases.csv    queue=payments    file=${FILE}
    Should Be Equal As Integers    ${counts.new}    4
    ${counts}=    Add Work Items    ${FOLDER}/cases.csv    queue=payments    file=${FILE}
    Should Be Equal As Integers    ${counts.unchanged}    4
    Create File    ${FOLDER}/cases.csv    ${HEADER}P-1,DE,1300,a\nP-5,DE,5,e\n
    ${counts}=    Add Work Items    ${FOLDER}/cases.csv    queue=payments    file=${FILE}
    Should Be Equal As Integers    ${counts.updated}    1
    Should Be Equal As Integers    ${counts.new}    1

Files Of A Folder Come With Their Items
    [Documentation]    The file's name is the key.
    Create File    ${FOLDER}/inbox/scan.pdf    %PDF
    ${counts}=    Add Work Items
    ...    ${FOLDER}/inbox
    ...    queue=scans
    ...    file=${FILE}
    ...    pattern=*.pdf
    ...    priority=5
    Should Be Equal As Integers    ${counts.new}    1
    ${item}=    Item In Queue    ${FILE}    scans    scan.pdf
    Should Be Equal    ${item}[files]    ${{ ["scan.pdf"] }}

Each Action Needs Its Keyword
    [Documentation]    Before the first item.
    On Action    pay    Note Payment
    Run Keyword And Expect Error    *the action 'read reply', *the action 'send query', *
    ...    Process Work Items    payments    file=${FILE}
    Paid Should Be    @{EMPTY}

What Is No Limit Is Refused
    [Documentation]    In one sentence.
    Name Actions
    Run Keyword And Expect Error    'soon' is no time; write a time of day, 06:00, or date and time, *
    ...    Process Work Items    payments    file=${FILE}    until=soon
    Run Keyword And Expect Error    an item needs at least 1 attempt, and a lease *
    ...    Process Work Items    payments    file=${FILE}    attempts=0

Limits That Leave No Work Are Refused
    [Documentation]    Nobody is told that nothing was to do, night after night.
    Name Actions
    FOR    ${limit}    IN
    ...    ${{ {"within": "-2s"} }}
    ...    ${{ {"within": "0 seconds"} }}
    ...    ${{ {"at_most": "0"} }}
    ...    ${{ {"until": "2020-01-01 06:00"} }}
        Run Keyword And Expect Error    * leaves no work*
        ...    Process Work Items    payments    file=${FILE}    &{limit}
    END
    Paid Should Be    @{EMPTY}

A Typing Error In An Option Is Told
    [Documentation]    It would be taken for the name of a file, or of a queue.
    Name Actions
    Run Keyword And Expect Error    `util` is no option of Process Work Items; did you mean `until`? *
    ...    Run Keyword    Process Work Items    payments    util=06:00
    Run Keyword And Expect Error    `qeue` is no option of Add Work Items; did you mean `queue`? *
    ...    Run Keyword    Add Work Items    ${FOLDER}/cases.csv    qeue=payments

A Queue Without Content Is Refused
    [Documentation]    It had items once. Nobody is told that there is nothing to do.
    Name Actions
    Create File    ${FOLDER}/lost.sqlite
    Run Keyword And Expect Error    the work queue *lost.sqlite is empty, 0 bytes: *
    ...    Process Work Items    payments    file=${FOLDER}/lost.sqlite

The Environment Names The File
    [Documentation]    Where the keyword doesn't.
    Name Actions
    Set Environment Variable    REFEREE_QUEUE_FILE    ${FOLDER}/named.sqlite
    Run Keyword And Expect Error    there is no work queue *named.sqlite; *    Process Work Items    payments
    [Teardown]    Remove Environment Variable    REFEREE_QUEUE_FILE

A Limit Ends The Run Between Items
    [Documentation]    The rest waits for the next run.
    Name Actions
    ${counts}=    Process Work Items    payments    file=${FILE}    at_most=1
    Should Be Equal As Integers    ${counts.count}    1
    Should Be Equal    ${counts.ended}    it has worked on 1, as many as it may

A Queue Without Any Item Is Told
    [Documentation]    Its name may be a typing error.
    Name Actions
    ${counts}=    Process Work Items    paiments    file=${FILE}
    Should Be Equal As Integers    ${counts.count}    0
    ${page}=    Get File    ${OUTPUT DIR}/summary.html
    Should Contain
    ...    ${page}
    ...    holds no items for the queue &#x27;paiments&#x27;; its queues: payments, scans
    Paid Should Be    P-1

States Follow Decisions
    [Documentation]    Done, for people, an exception whose playbook goes on.
    Name Actions
    ${counts}=    Process Work Items    payments    file=${FILE}    until=2999-12-31 06:00    within=2 hours
    Should Be Equal    ${counts.routes}    ${{ {"auto": 1, "human": 2, "exception": 1} }}
    Should Be Equal    ${counts.states}    ${{ {"DONE": 3, "PENDING": 1} }}
    Should Be Equal    ${counts.ended}    no item is ready
    Paid Should Be    P-1    P-5
    ${item}=    Item In Queue    ${FILE}    payments    P-3
    Should Be Equal    ${item}[state]    PENDING
    Should Not Be Equal    ${item}[due]    ${None}
    File Should Exist    ${OUTPUT DIR}/worklist.xlsx
    ${page}=    Get File    ${OUTPUT DIR}/summary.html
    Should Contain    ${page}    Seconds for each step
    ${text}=    Get File    ${OUTPUT DIR}/summary.json
    ${data}=    Evaluate    json.loads($text)
    Should Be Equal As Integers    ${data}[steps][pay][count]    1
    Should Be Equal    ${data}[running]    ${False}

Processing Again Does Nothing Twice
    [Documentation]    Nor does adding the same items again.
    Name Actions
    Create File    ${FOLDER}/cases.csv    ${HEADER}P-5,DE,5,e\n
    ${counts}=    Add Work Items    ${FOLDER}/cases.csv    queue=payments    file=${FILE}    reopen=True
    Should Be Equal As Integers    ${counts.reopened}    1
    ${counts}=    Process Work Items    payments    file=${FILE}
    Should Be Equal As Integers    ${counts.count}    1
    Paid Should Be    P-1    P-5

A Failed Action Is Not Repeated Blindly
    [Documentation]    It might be done twice; people look. What the screen showed is kept with the item.
    Name Steps
    On Action    pay    Never Pay    the bank is closed
    On Failure    Keep Picture    ${FOLDER}/picture.txt
    An Item    F-1
    Run Keyword And Expect Error    every action failed: 1 action, first: pay for F-1: the bank is closed
    ...    Process Work Items    payments    file=${FILE}
    ${item}=    Item In Queue    ${FILE}    payments    F-1
    Should Be Equal    ${item}[state]    FAILED
    Should Be Equal    ${item}[failure]    APPLICATION pay: the bank is closed
    Should Be Equal    ${item}[files]    ${{ ["attempt-1-picture.txt"] }}

A Refusal Is A Business Failure
    [Documentation]    Its case goes to people, and the application isn't restarted.
    Name Steps
    On Action    pay    Never Pay    refused: the account is closed
    On Restart    Fail    it was restarted
    An Item    F-2
    ${counts}=    Process Work Items    payments    file=${FILE}
    Should Be Equal    ${counts.states}    ${{ {"FAILED BUSINESS": 1} }}
    Should Be Equal As Integers    ${counts.failed}    1
    ${item}=    Item In Queue    ${FILE}    payments    F-2
    Should Be Equal    ${item}[failure]    BUSINESS pay: refused: the account is closed

An Action Is Repeated Where The Bot Can Look For It
    [Documentation]    After a restart and a pause; here it had been done.
    Name Steps
    On Action    pay    Pay But Lose The Answer
    On Repeat    pay    Find Payment
    On Restart    Note Restart
    An Item    F-3
    Run Keyword And Expect Error    every action failed: 1 action, *
    ...    Process Work Items    payments    file=${FILE}    wait=0s
    ${item}=    Item In Queue    ${FILE}    payments    F-3
    Should Be Equal    ${item}[state]    PENDING
    [Teardown]    Paid Should Be    P-1    P-5    F-3

The Repeated Action Is Found Done
    [Documentation]    So it isn't done again.
    Name Steps
    On Action    pay    Pay But Lose The Answer
    On Repeat    pay    Find Payment
    Its Pause Is Over    ${FILE}    payments    F-3
    ${counts}=    Process Work Items    payments    file=${FILE}    wait=0s
    Should Be Equal    ${counts.states}    ${{ {"DONE": 1} }}
    [Teardown]    Paid Should Be    P-1    P-5    F-3

Files Of An Item Are There For Its Keywords
    [Documentation]    A copy with its name; what an item doesn't have is named.
    Name Steps
    On Action    pay    Pay What The File Says
    An Item    F-6
    Attach To Item    ${FILE}    payments    F-6    order.txt    pay 5
    ${counts}=    Process Work Items    payments    file=${FILE}
    Should Be Equal    ${counts.states}    ${{ {"DONE": 1} }}
    Run Keyword And Expect Error    there is no work item in hand; *    Get Work Item File

An Application That Cannot Be Restarted Stops The Run
    [Documentation]    What was not begun waits.
    Name Steps
    On Action    pay    Never Pay    the bank is closed
    On Restart    Fail    no display
    An Item    F-4
    An Item    F-5
    Run Keyword And Expect Error
    ...    the run stopped: the application could not be restarted: no display. * pending for the next run*
    ...    Process Work Items
    ...    payments
    ...    file=${FILE}
    ${item}=    Item In Queue    ${FILE}    payments    F-5
    Should Be Equal    ${item}[state]    PENDING

All Faults Are Told Before The First Item
    [Documentation]    Of every keyword that is named, and of the limits.
    Name Actions
    On Repeat    pya    Note Payment
    On Restart    Keyword That Is Not There
    On Failure    No Operation
    Run Keyword And Expect Error
    ...    *`On Failure${SPACE * 4}No Operation`*`On Restart${SPACE * 4}Keyword That*looks for 'pya'*
    ...    Process Work Items    payments    file=${FILE}
    Run Keyword And Expect Error    `On Restart` is named twice, in *    On Restart    No Operation


*** Keywords ***
Name Actions
    [Documentation]    One keyword for each action and step.
    On Action    pay    Note Payment
    Name Steps

Name Steps
    [Documentation]    Those of the playbook.
    On Action    send query    Log
    On Action    read reply    No Reply

No Reply
    [Documentation]    The supplier has not answered yet.
    [Arguments]    ${case}
    Log    ${case}[id]

Never Pay
    [Documentation]    The bank doesn't do it.
    [Arguments]    ${case}    ${why}
    Log    ${case}[id]
    Fail    ${why}

Pay But Lose The Answer
    [Documentation]    It is done, and nobody is told.
    [Arguments]    ${case}
    Note Payment    ${case}
    Fail    the connection was lost

Pay What The File Says
    [Documentation]    The order is a file.
    [Arguments]    ${case}
    Run Keyword And Expect Error    the work item has no file `none.txt`    Get Work Item File    none.txt
    ${path}=    Get Work Item File
    Should End With    ${path}    order.txt
    ${order}=    Get File    ${path}
    Should Be Equal    ${order}    pay 5
    Note Payment    ${case}

Find Payment
    [Documentation]    Looks into the bank's own books.
    [Arguments]    ${case}
    ${paid}=    Paid Cases
    IF    $case['id'] in $paid    RETURN    found among the payments

Note Restart
    [Documentation]    Between two attempts.
    Log    restarted

Keep Picture
    [Documentation]    What the screen showed.
    [Arguments]    ${case}    ${path}
    Create File    ${path}    the screen when ${case}[id] failed
    RETURN    ${path}

An Item
    [Documentation]    A payment that is made automatically.
    [Arguments]    ${key}
    Create File    ${FOLDER}/one.csv    ${HEADER}${key},DE,5,m\n
    Add Work Items    ${FOLDER}/one.csv    queue=payments    file=${FILE}

Paid Should Be
    [Documentation]    Each case as often as it was paid.
    [Arguments]    @{cases}
    ${paid}=    Paid Cases
    Lists Should Be Equal    ${paid}    ${cases}
